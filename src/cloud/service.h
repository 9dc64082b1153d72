// The cloud without I/O: connections, sessions and the batcher as one state machine. Events with their time
// go in, actions come out; sockets, threads and the clock live in server.h, the simulation's in tests/.
//
//   OnConnect / OnFrame / OnDisconnect  -> actions (frames to send, connections to close)
//   WorkDue                             -> when the next step is wanted (a session may be held for drafts)
//   PlanStep                            -> rows of all waiting sessions, joined into one engine step
//   (the shell runs Engine::Step of step_engine())
//   OnStepDone                          -> races over the logits, verdicts to send
//   OnTick                              -> time-outs
//
// A connection says Hello first and is answered with Welcome; then Open ... Close, and Open again. Anything
// out of turn, a frame that does not decode, and whatever Session refuses is answered with a Fault and ends
// the connection; nobody else notices. Two exceptions: an Open that finds no room (kBusy, with a retry hint)
// leaves the connection as it was, and a Close without a session is nothing. (An edge that gives a session
// up before Opened drops the connection: after a second Open it could not tell whose Opened comes.) A Fault
// from the edge ends its connection without an answer. Credit beyond the context is refused, not clipped:
// Welcome told the context.
//
// An edge whose Hello names no vocabulary may take over the cloud's, part by part, each once on a connection:
// so what a connection can ask for is bounded by the file.
//
// Memory is admitted, too: an Open that would take the caches past kv_memory finds no room, and when texts
// outgrow it the youngest session makes way (a Fault with a retry hint; its edge comes back with its ids).
//
// Where it is offered, a session may have the cloud compute a part of the model's layers alone (Open.cut):
// sessions over equal layers share an engine and its steps, and different engines take turns. Where the head
// is the edge's, too, a session passes rows on and knows nothing of the text (row_pipe.h).
//
// Each session's text is that of its own ids, params and seed, whoever shares the step (session.h has the
// rules). A step that fails ends the sessions that were part of it with the engine's error.
//
// Not thread-safe: one thread drives it. Times may run back a little between calls (a frame that arrived
// while a step ran, reported after it): what a peer is told of server time counts from a frame's arrival.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/types.h"
#include "decode/engine.h"
#include "model/vocabulary_file.h"
#include "wire/frame.h"

namespace tandem {

using ConnId = uint64_t;  // the shell's name of a connection, never reused

// Engines over a part of the model's layers, for sessions in which the rest is the edge's.
struct PartSource {
  SplitOffer offer;  // what edges are told
  // An engine over layers [begin, end), and the head behind the last one; without the head it gives rows. It
  // has as many sequences as the service's own. kResource.
  std::function<Result<std::unique_ptr<Engine>>(int begin, int end)> make;
};

struct ServiceConfig {
  std::string software;
  VocabIdentity vocab;
  Digest weights{};
  std::shared_ptr<const VocabularyFile> vocabulary{};  // handed to edges without one; null: none is
  int32_t max_sessions = 8;                            // Busy beyond
  int32_t max_connections = 256;                       // with or without a session
  int32_t max_draft = 64;               // drafts of a session that wait unjudged; less when a step holds less
  int32_t prefix_cache = 0;             // texts whose cache outlives them (cloud/prefix_cache.h); the engine
                                        // has a sequence for each beside the sessions'. 0: nothing is shared
  size_t kv_memory = 0;                 // bytes that caches may take together; 0: no bound
  std::optional<PartSource> parts{};    // nullopt: whole models only
  int32_t prefill_rows = 512;           // of one step, so that a long prompt does not stall others for long
  Micros session_timeout{120'000'000};  // a connection on which nothing happens for so long ends; one whose
                                        // session waits for the engine is not idle
  Micros hello_timeout{10'000'000};     // a connection without Hello, likewise
};

struct Action {
  enum class Kind { kSend, kClose };
  Kind kind = Kind::kSend;
  ConnId conn = 0;
  Bytes frame;  // kSend
};
using Actions = std::vector<Action>;

// Totals since start; tokens and drafts are added when their session ends.
struct ServiceStats {
  uint64_t sessions_opened = 0, sessions_refused = 0, sessions_faulted = 0;
  uint64_t rows_shared = 0;  // of prompts, that were taken over instead of computed
  uint64_t steps = 0, rows = 0, tokens_committed = 0, drafts_verified = 0, drafts_accepted = 0,
           drafts_stale = 0;

  ServiceStats& operator+=(const ServiceStats& other);
};

class Service {
 public:
  static constexpr Pos kRoomToGrow = 128;  // positions that admission leaves to each session

  // kUsage, with the figures, when the engine's steps are too small for a prompt or limits make no sense.
  static Status Check(const EngineInfo& engine, const ServiceConfig& config);

  // The pair must pass Check; engine must outlive the service.
  Service(Engine& engine, ServiceConfig config);
  ~Service();

  Actions OnConnect(ConnId conn, Micros now);
  Actions OnFrame(ConnId conn, ByteView bytes, Micros now);
  Actions OnDisconnect(ConnId conn, Micros now);
  Actions OnTick(Micros now);

  // From now on no new session is admitted (Busy with a retry hint); Drained() once the present ones have
  // ended.
  void Drain();
  bool Drained() const;
  // Ends every connection with a Fault that says to come back later (kBusy).
  Actions Shutdown();

  // The next engine step, empty when nobody waits. Between PlanStep and OnStepDone frames may come in;
  // sessions that end meanwhile are released after the step. The rows point into the service until
  // OnStepDone.
  std::vector<SeqRows> PlanStep(Micros now);
  Actions OnStepDone(const Result<LogitsView>& logits, Micros now);
  Engine& step_engine();  // that computes the rows of the last PlanStep

  int sessions() const;
  int cached_texts() const;  // that have ended
  // When PlanStep will return rows; nullopt: not before a frame comes. In the past: now.
  std::optional<Micros> WorkDue() const;
  // What a step of so many rows took, from outside the steps planned here (cloud/calibrate.h).
  void Learn(int rows, Micros took);
  const ServiceStats& stats() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tandem
