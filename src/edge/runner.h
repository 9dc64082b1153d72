// Runs one Generation for real: its thread is the caller's, which computes drafts and waits for frames; the
// transport's thread only fills a bounded inbox.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "edge/cut_follower.h"
#include "edge/edge_split.h"
#include "edge/generation.h"
#include "edge/split_back.h"
#include "edge/split_front.h"
#include "wire/transport.h"

namespace tandem {

// Makes a connection to the cloud, or says why not. May block for the transport's connect time-out; nothing
// is drafted meanwhile.
using Dialer = std::function<Result<std::unique_ptr<Connection>>(ConnectionCallbacks)>;

// Bytes above TCP, counted at the socket. Handshake, prompt and every later Open are set-up; the rest is by
// direction.
struct LinkBytes {
  uint64_t setup = 0;
  uint64_t up = 0;    // edge to cloud
  uint64_t down = 0;  // cloud to edge
};

struct RunHooks {
  std::function<void(std::span<const Token>, std::span<const Author>)> on_commit{};  // on the caller's thread
  // Mode split: asked when tokens were written; a part to go on with, or null to stay.
  std::function<Result<const EdgeSplit*>(const CutFacts&)> recut{};
  const std::atomic<bool>* cancel =
      nullptr;  // set from anywhere (a signal handler, too): finish with what is there
};

// What the planner knew at the end.
struct RunPlan {
  double bound_us = 0;               // see Planner::BoundUs
  std::vector<Micros> step_costs{};  // the cloud's, [i] for i + 1 rows; empty when it told none
  double up_bytes_per_us = 0;  // mode split: of the line, as the last session's prompt met it; 0: not seen
};

struct RunResult {
  Finish finish = Finish::kNone;
  std::optional<Error> error{};
  std::vector<Token> tokens{};  // generated ids
  GenerationStats stats{};
  LinkBytes bytes{};
  RunPlan plan{};
  Micros front_time{0};  // mode split: inside the layers here and their codecs
  std::vector<std::string> notes{};
  std::optional<Welcome> welcome{};  // the last cloud's
};

// What a text is written with here. All may be used by one generation at a time.
struct EdgeEngines {
  Engine* draft = nullptr;      // null: nothing is drafted
  SplitFront* front = nullptr;  // in mode split
  SplitBack* back = nullptr;    // ... where the head is here
};

// config must have passed Generation::Check. dial may be empty in mode edge. Blocks until the text ends.
RunResult RunGeneration(const GenerationConfig& config, const EdgeEngines& engines, const Dialer& dial,
                        const RunHooks& hooks);

}  // namespace tandem
