// The insides of a Service, shared by service.cpp (events and steps) and service_admission.cpp (who gets a
// sequence and whose rows serve whom).
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "cloud/batcher.h"
#include "cloud/prefix_cache.h"
#include "cloud/row_pipe.h"
#include "cloud/service.h"
#include "cloud/session.h"

namespace tandem {

constexpr uint32_t kBusyRetryMs = 1000;

inline Fault FaultOf(const Error& why) {
  return {.code = why.code,
          .message = why.message,
          .retry_after_ms = why.code == ErrorCode::kBusy ? kBusyRetryMs : 0};
}

constexpr size_t kMostParts = 16;  // engines over a part of the layers, at once

// An engine with the steps of its sessions: of Sessions, or, where it has no head, of RowPipes.
struct Station {
  Station(Engine& e, int prefill_rows)
      : engine(e), batcher(e.info().max_rows, std::min(prefill_rows, e.info().max_rows)) {}
  Station(std::unique_ptr<Engine> e, int prefill_rows) : Station(*e, prefill_rows) { owned = std::move(e); }

  std::unique_ptr<Engine> owned{};  // where it is a part's
  Engine& engine;
  Batcher batcher;
  CostCurve costs{};
  double load = 0;         // rows of a step, running mean
  double load_tokens = 0;  // that they bring, likewise

  void Book(const StepPlan& done, Micros took);
};

// One pipe's part of a step. Holding the pipe keeps its sequence open until the step is done.
struct PipePart {
  ConnId conn = 0;
  std::shared_ptr<RowPipe> pipe;
  int first = 0;  // its first row of the step
};

struct Peer {
  bool greeted = false;
  size_t vocabulary_offered = 0, vocabulary_sent = 0;  // bytes
  Micros since{0};                                     // of the connection, later of its last frame
  std::shared_ptr<Station> station;                    // of the session
  std::shared_ptr<Session> session;                    // null between sessions ...
  std::shared_ptr<RowPipe> pipe;                       // ... and one of the two in them
  uint64_t opened = 0;                                 // which session of the service that is, from 1

  Costs told;  // the last that its edge heard
  Micros told_at{0};

  bool InSession() const { return session || pipe; }
  Micros LastActive() const {
    return std::max(since, session ? session->last_active() : pipe ? pipe->last_active() : since);
  }
  // When the session wants the engine; nullopt: not before a frame comes.
  std::optional<Micros> WorkDue() const {
    if (pipe && pipe->WantsStep()) return Micros{0};
    if (!session) return std::nullopt;
    return session->WantsPrefill() ? Micros{0} : session->StepDue();
  }
};

struct Service::State {
  State(Engine& e, ServiceConfig c)
      : engine(e),
        config(std::move(c)),
        whole(std::make_shared<Station>(e, config.prefill_rows)),
        stepping(whole),
        prefixes(config.prefix_cache) {
    limits = {.vocab = std::min(e.info().vocab_size, config.vocab.size),
              .context = e.info().context,
              .max_draft =
                  std::min({config.max_draft, e.info().max_rows - 1, static_cast<int32_t>(kMaxDraftTokens)})};
  }

  void Send(ConnId conn, const Frame& frame) {
    actions.push_back({Action::Kind::kSend, conn, Encode(frame)});
  }

  // The session has ended: its cache may serve others.
  void Keep(Session& session) {
    if (session.SharesRows()) prefixes.Keep(session.TakeCache());
  }

  void Retire(Peer& peer) {
    if (std::exchange(peer.pipe, nullptr)) peer.station.reset();
    if (!peer.session) return;
    const SessionStats& s = peer.session->stats();
    stats.tokens_committed += s.committed;
    stats.drafts_verified += s.verified;
    stats.drafts_accepted += s.accepted;
    stats.drafts_stale += s.stale;
    // The step under way still needs it: then OnStepDone is the end.
    const bool steps = std::any_of(plan.parts.begin(), plan.parts.end(),
                                   [&](const StepPart& part) { return part.session == peer.session; });
    if (!steps) Keep(*peer.session);
    peer.session.reset();
    peer.station.reset();
  }

  void Hangup(ConnId conn) {
    actions.push_back({Action::Kind::kClose, conn, {}});
    Forget(conn);
  }
  void Forget(ConnId conn) {
    const auto it = peers.find(conn);
    if (it == peers.end()) return;
    Retire(it->second);
    peers.erase(it);
  }

  // The peer hears why, then loses its connection.
  void End(ConnId conn, const Error& why) {
    const auto it = peers.find(conn);
    if (it == peers.end()) return;
    stats.sessions_faulted += it->second.InSession() ? 1 : 0;
    Send(conn, FaultOf(why));
    Hangup(conn);
  }

  std::vector<std::shared_ptr<Session>> Live() const;
  // What is cached of other texts goes to sessions in prefill.
  void SharePrefixes(Micros now);
  int64_t PositionsInAll() const;            // that kv_memory holds; the largest figure where it has no bound
  int64_t PositionsLeft() const;             // ... and has left; below 0 when texts have outgrown it
  int64_t PositionsFor(size_t bytes) const;  // whose caches take as much memory, rounded up
  bool MakeRoom(int64_t positions);          // at the cost of kept texts
  void ShedYoungest();                       // ... and, when texts outgrow the memory, of sessions
  Status CheckRoom(size_t ids, const std::optional<RowBuffer>& rows);
  Result<SeqId> OpenSequence(Engine& from);
  // The station over the cut's layers; kUsage, kModel or kProtocol when they cannot be had at all.
  Result<std::shared_ptr<Station>> StationFor(const ModelCut& cut);
  Result<std::shared_ptr<Station>> AddPart(int begin, int end);
  Result<std::optional<RowBuffer>> BufferFor(const Open& open) const;
  Result<RowCodec> CodecOf(const std::string& name, const RowCalibration& calibration) const;
  Result<std::optional<RowCodec>> BackOf(const Open& open) const;  // nullopt: no rows go back
  Status Admit(Peer& peer, const Open& open, Micros now);

  std::vector<StepPart> WaitingAt(const Station& station) const;
  StepPlan PlanPipes(const Station& station);
  void OnPiped(const std::vector<PipePart>& served, const Result<LogitsView>& rows, Micros now);
  // Tells a session's edge what its rows cost beside the others', if that is news.
  void TellCosts(ConnId conn, Peer& peer, Micros now);

  Status On(ConnId conn, Peer& peer, const Hello& hello);
  std::optional<VocabularyOffer> OfferTo(Peer& peer, const Hello& hello) const;
  Status On(ConnId conn, Peer& peer, const VocabularyWanted& wanted);
  Status On(ConnId conn, Peer& peer, const Open& open, Micros now);
  Status On(ConnId conn, Peer& peer, const Frame& frame, Micros now);

  int sessions() const {
    return static_cast<int>(
        std::count_if(peers.begin(), peers.end(), [](const auto& p) { return p.second.InSession(); }));
  }

  Actions Take() { return std::exchange(actions, {}); }

  Engine& engine;
  ServiceConfig config;
  SessionLimits limits;
  std::shared_ptr<Station> whole;
  std::map<std::pair<int, int>, std::shared_ptr<Station>> parts;  // by the layers [begin, end)
  std::shared_ptr<Station> stepping;                              // of the last plan
  PrefixCache prefixes;
  std::map<ConnId, Peer> peers;
  StepPlan plan;                // of the step under way,
  std::vector<PipePart> piped;  // and whose rows those are, where its station has no head
  ConnId last_piped = 0;
  Micros planned_at{0};
  bool draining = false;
  ServiceStats stats;
  Actions actions;
};

}  // namespace tandem
