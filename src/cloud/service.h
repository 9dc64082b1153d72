// The cloud without I/O: connections, sessions and the batcher as one state machine. Events with their time
// go in, actions come out; sockets, threads and the clock live in server.h, the simulation's in tests/.
//
//   OnConnect / OnFrame / OnDisconnect  -> actions (frames to send, connections to close)
//   PlanStep                            -> rows of all waiting sessions, joined into one engine step
//   (the shell runs Engine::Step)
//   OnStepDone                          -> races over the logits, verdicts to send
//   OnTick                              -> time-outs
//
// Each session's text is that of its own ids, params and seed, whoever shares the step. A peer that breaks
// the protocol gets a Fault and loses its connection; nobody else notices. Not thread-safe: one thread drives
// it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/types.h"
#include "decode/engine.h"
#include "wire/frame.h"

namespace tandem {

using ConnId = uint64_t;  // the shell's name of a connection, never reused

struct ServiceConfig {
  std::string software;
  VocabIdentity vocab;
  Digest weights{};
  int32_t max_sessions = 8;             // Busy beyond
  int32_t max_connections = 256;        // with or without a session
  int32_t max_draft = 64;               // ids of one Drafts frame, and of all that wait unjudged in a session
  int32_t prefill_rows = 512;           // of one step, so that a long prompt does not stall others for long
  Micros session_timeout{120'000'000};  // a session that hears nothing from its edge for so long ends
  Micros hello_timeout{10'000'000};     // a connection without Hello, likewise
};

struct Action {
  enum class Kind { kSend, kClose };
  Kind kind = Kind::kSend;
  ConnId conn = 0;
  Bytes frame;  // kSend
};
using Actions = std::vector<Action>;

struct ServiceStats {  // totals since start
  uint64_t sessions_opened = 0, sessions_refused = 0, sessions_faulted = 0;
  uint64_t steps = 0, rows = 0, tokens_committed = 0, drafts_verified = 0, drafts_accepted = 0,
           drafts_stale = 0;
};

class Service {
 public:
  Service(Engine& engine, ServiceConfig config);  // engine must outlive the service
  ~Service();

  Actions OnConnect(ConnId conn, Micros now);
  Actions OnFrame(ConnId conn, ByteView bytes, Micros now);
  Actions OnDisconnect(ConnId conn, Micros now);
  Actions OnTick(Micros now);

  // From now on no new session is admitted (Busy with a retry hint); Drained() once the present ones have
  // ended.
  void Drain();
  bool Drained() const;

  // The next engine step, empty when nobody waits. Between PlanStep and OnStepDone frames may come in;
  // sessions that end meanwhile are released after the step. The rows point into the service until
  // OnStepDone.
  std::vector<SeqRows> PlanStep(Micros now);
  Actions OnStepDone(const Result<LogitsView>& logits, Micros now);

  int sessions() const;
  bool HasWork() const;  // PlanStep would return rows
  const ServiceStats& stats() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tandem
