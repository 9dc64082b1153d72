// Who gets a sequence, for how long, and whose rows serve whom; see service.h.
#include <limits>

#include "cloud/service_state.h"

namespace tandem {

Status Service::State::On(ConnId conn, Peer& peer, const Open& open, Micros now) {
  if (peer.InSession()) return Fail(ErrorCode::kProtocol, "an Open while a session is open");
  if (Status s = Session::Check(open, limits); !s) return s;
  if (Status s = Admit(peer, open, now); !s) {
    ++stats.sessions_refused;
    if (s.error().code != ErrorCode::kBusy && s.error().code != ErrorCode::kResource) return s;
    Send(conn, FaultOf({ErrorCode::kBusy, s.error().message}));
    return {};
  }
  if (peer.pipe) {
    if (const std::optional<Frame> opened = peer.pipe->TakeOpened(now)) Send(conn, *opened);
    return {};
  }
  if (peer.session->SharesRows())
    stats.rows_shared += static_cast<uint64_t>(prefixes.Serve(*peer.session, Live()));
  if (const std::optional<Frame> opened = peer.session->TakeOpened(now)) {
    Send(conn, *opened);
    TellCosts(conn, peer, now);
  }
  return {};
}

Status Service::State::Admit(Peer& peer, const Open& open, Micros now) {
  const Result<std::shared_ptr<Station>> station = open.cut ? StationFor(*open.cut) : whole;
  if (!station) return Forward(station);
  Result<std::optional<RowBuffer>> rows = std::nullopt;
  if (open.cut) rows = BufferFor(open);
  if (!rows) return Forward(rows);
  const auto back = BackOf(open);
  if (!back) return Forward(back);
  if (Status s = CheckRoom(open.Length(), *rows); !s) return s;
  Engine& engine_there = (*station)->engine;
  const Result<SeqId> seq = OpenSequence(engine_there);
  if (!seq) return Forward(seq);
  peer.opened = ++stats.sessions_opened;
  peer.told = {};
  peer.station = *station;
  auto lease = std::make_unique<SequenceLease>(engine_there, *seq);
  if (*back)
    peer.pipe = std::make_shared<RowPipe>(std::move(lease), open, std::move(**rows), **back, now);
  else
    peer.session = std::make_shared<Session>(std::move(lease), open, limits, now, std::move(*rows));
  return {};
}

Result<std::optional<RowBuffer>> Service::State::BufferFor(const Open& open) const {
  auto codec = CodecOf(open.cut->codec, open.cut->calibration);
  if (!codec) return Forward(codec);
  // The head alone needs no rows of the prompt but the last.
  const bool head_alone = open.cut->begin == config.parts->offer.layers;
  return RowBuffer(std::move(*codec), head_alone ? static_cast<Pos>(open.Length()) - 1 : 0, limits.context,
                   limits.max_draft);
}

Result<std::shared_ptr<Station>> Service::State::StationFor(const ModelCut& cut) {
  if (!config.parts) return Fail(ErrorCode::kUsage, "this cloud computes whole models only");
  const SplitOffer& offer = config.parts->offer;
  if (cut.begin < 0 || cut.begin > cut.end || cut.end > offer.layers)
    return Fail(ErrorCode::kUsage, "layers {} to {} of a model that has {}", cut.begin, cut.end,
                offer.layers);
  if ((cut.end < offer.layers) != cut.HeadAtEdge() || (cut.HeadAtEdge() && cut.begin == cut.end))
    return Fail(ErrorCode::kUsage,
                "layers {} to {} of {}, and '{}' for the rows back: rows come back from before "
                "the last layer, and from there only",
                cut.begin, cut.end, offer.layers, cut.codec_back);
  if (cut.identity != offer.identity)
    return Fail(ErrorCode::kModel, "the edge's part is of model {}, this cloud has {}",
                Hex(cut.identity).substr(0, 12), Hex(offer.identity).substr(0, 12));
  const auto known = parts.find({cut.begin, cut.end});
  return known != parts.end() ? known->second : AddPart(cut.begin, cut.end);
}

Result<std::shared_ptr<Station>> Service::State::AddPart(int begin, int end) {
  if (parts.size() >= kMostParts)
    std::erase_if(parts, [](const auto& part) { return part.second.use_count() == 1; });
  if (parts.size() >= kMostParts)
    return Fail(ErrorCode::kBusy, "all {} cuts of the model are taken", kMostParts);
  auto part = config.parts->make(begin, end);
  if (!part) return Forward(part);
  const auto station = std::make_shared<Station>(std::move(*part), config.prefill_rows);
  // Until it has stepped, its costs are the whole's by layers, the head counted as one.
  station->costs = whole->costs;
  station->costs.Scale((end - begin + 1.0) / (config.parts->offer.layers + 1.0));
  return parts[{begin, end}] = station;
}

Status Service::State::CheckRoom(size_t ids, const std::optional<RowBuffer>& rows) {
  if (draining) return Fail(ErrorCode::kBusy, "the cloud is shutting down");
  if (sessions() >= config.max_sessions)
    return Fail(ErrorCode::kBusy, "all {} sessions are taken", config.max_sessions);
  // Rows may all wait at once: a prompt comes faster than it is computed.
  const int64_t text =
      static_cast<int64_t>(ids) + (rows ? PositionsFor(rows->MostBytes(static_cast<Pos>(ids))) : 0);
  if (text + Service::kRoomToGrow > PositionsInAll())
    return Fail(ErrorCode::kContext,
                "a text of {} positions and its rows take the memory of {}, the caches have that of {}", ids,
                text, PositionsInAll());
  const int64_t needed = text + int64_t{Service::kRoomToGrow} * (sessions() + 1);
  if (!MakeRoom(needed))
    return Fail(ErrorCode::kBusy, "the caches' memory has room for {} positions, {} are needed",
                std::max<int64_t>(0, PositionsLeft()), needed);
  return {};
}

Result<SeqId> Service::State::OpenSequence(Engine& from) {
  Result<SeqId> seq = from.Open();
  while (!seq && prefixes.DropOldest()) seq = from.Open();
  return seq;
}

std::vector<std::shared_ptr<Session>> Service::State::Live() const {
  std::vector<std::shared_ptr<Session>> live;
  for (const auto& [conn, peer] : peers) {
    if (peer.session && peer.session->SharesRows()) live.push_back(peer.session);
  }
  return live;
}

void Service::State::SharePrefixes(Micros now) {
  const auto live = Live();
  for (auto& [conn, peer] : peers) {
    if (!peer.session || !peer.session->SharesRows() || !peer.session->WantsPrefill()) continue;
    stats.rows_shared += static_cast<uint64_t>(prefixes.Serve(*peer.session, live));
    if (const std::optional<Frame> opened = peer.session->TakeOpened(now)) {
      Send(conn, *opened);
      TellCosts(conn, peer, now);
    }
  }
}

int64_t Service::State::PositionsInAll() const {
  const size_t each = engine.info().position_bytes;
  if (config.kv_memory == 0 || each == 0) return std::numeric_limits<int64_t>::max();
  return static_cast<int64_t>(config.kv_memory / each);
}

int64_t Service::State::PositionsFor(size_t bytes) const {
  const size_t each = std::max<size_t>(1, engine.info().position_bytes);
  return static_cast<int64_t>((bytes + each - 1) / each);
}

int64_t Service::State::PositionsLeft() const {
  if (PositionsInAll() == std::numeric_limits<int64_t>::max()) return PositionsInAll();
  int64_t left = PositionsInAll() - prefixes.positions();
  for (const auto& [conn, peer] : peers) {
    if (peer.session)
      left -= static_cast<int64_t>(peer.session->text().size()) + PositionsFor(peer.session->RowBytes());
    if (peer.pipe) left -= peer.pipe->positions() + PositionsFor(peer.pipe->RowBytes());
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
      return (a.second.InSession() ? a.second.opened : 0) < (b.second.InSession() ? b.second.opened : 0);
    });
    End(youngest->first, {ErrorCode::kBusy, "the texts of all sessions have outgrown the caches' memory"});
  }
}

}  // namespace tandem
