// Who gets a sequence, for how long, and whose rows serve whom; see service.h.
#include <limits>

#include "cloud/service_state.h"

namespace tandem {

Status Service::State::On(ConnId conn, Peer& peer, const Open& open, Micros now) {
  if (peer.session) return Fail(ErrorCode::kProtocol, "an Open while a session is open");
  if (Status s = Session::Check(open, limits); !s) return s;
  const Result<SeqId> seq = OpenSequence(open.ids.size());
  if (!seq) {
    ++stats.sessions_refused;
    if (seq.error().code != ErrorCode::kBusy && seq.error().code != ErrorCode::kResource) return Forward(seq);
    Send(conn, FaultOf({ErrorCode::kBusy, seq.error().message}));
    return {};
  }
  peer.opened = ++stats.sessions_opened;
  peer.told = {};
  peer.session = std::make_shared<Session>(std::make_unique<SequenceLease>(engine, *seq), open, limits, now);
  stats.rows_shared += static_cast<uint64_t>(prefixes.Serve(*peer.session, Live()));
  if (const std::optional<Frame> opened = peer.session->TakeOpened(now)) {
    Send(conn, *opened);
    TellCosts(conn, peer, now);
  }
  return {};
}

Result<SeqId> Service::State::OpenSequence(size_t ids) {
  if (draining) return Fail(ErrorCode::kBusy, "the cloud is shutting down");
  if (sessions() >= config.max_sessions)
    return Fail(ErrorCode::kBusy, "all {} sessions are taken", config.max_sessions);
  const int64_t needed = static_cast<int64_t>(ids) + int64_t{Service::kRoomToGrow} * (sessions() + 1);
  if (!MakeRoom(needed))
    return Fail(ErrorCode::kBusy, "the caches' memory has room for {} positions, {} are needed",
                std::max<int64_t>(0, PositionsLeft()), needed);
  Result<SeqId> seq = engine.Open();
  while (!seq && prefixes.DropOldest()) seq = engine.Open();
  return seq;
}

std::vector<std::shared_ptr<Session>> Service::State::Live() const {
  std::vector<std::shared_ptr<Session>> live;
  for (const auto& [conn, peer] : peers) {
    if (peer.session) live.push_back(peer.session);
  }
  return live;
}

void Service::State::SharePrefixes(Micros now) {
  const auto live = Live();
  for (auto& [conn, peer] : peers) {
    if (!peer.session || !peer.session->WantsPrefill()) continue;
    stats.rows_shared += static_cast<uint64_t>(prefixes.Serve(*peer.session, live));
    if (const std::optional<Frame> opened = peer.session->TakeOpened(now)) {
      Send(conn, *opened);
      TellCosts(conn, peer, now);
    }
  }
}

int64_t Service::State::PositionsLeft() const {
  const size_t each = engine.info().position_bytes;
  if (config.kv_memory == 0 || each == 0) return std::numeric_limits<int64_t>::max();
  int64_t left = static_cast<int64_t>(config.kv_memory / each) - prefixes.positions();
  for (const auto& [conn, peer] : peers) {
    if (peer.session) left -= static_cast<int64_t>(peer.session->text().size());
  }
  return left;
}

bool Service::State::MakeRoom(int64_t positions) {
  while (PositionsLeft() < positions) {
    if (!prefixes.DropOldest()) return false;
  }
  return true;
}

void Service::State::ShedYoungest() {
  while (!MakeRoom(0) && sessions() > 1) {
    const auto youngest = std::max_element(peers.begin(), peers.end(), [](const auto& a, const auto& b) {
      return (a.second.session ? a.second.opened : 0) < (b.second.session ? b.second.opened : 0);
    });
    End(youngest->first, {ErrorCode::kBusy, "the texts of all sessions have outgrown the caches' memory"});
  }
}

}  // namespace tandem
