// The figures of speculation over a link: every mode on the same texts at each round trip, live (a cloud's
// process with the padded demo target, the edge here), and many clients in a simulation that the live run
// calibrates.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "edge/generation.h"

namespace tandem {

struct FiguresOptions {
  std::vector<std::string> prompts;  // of the live texts
  int32_t tokens = 64;               // of each
  std::vector<Micros> round_trips;
  std::vector<int> clients;  // of the simulated loads
  int rounds = 1;            // alternations of all modes
  uint64_t seed = 1;
};

struct FiguresRow {
  std::string how;  // "live" or "simulated"
  Mode mode = Mode::kCloud;
  int32_t k = 0;  // of sync and speculate; else 0
  double rtt_ms = 0;
  int clients = 1;
  double ms_per_token = 0;                          // live: median over texts and rounds
  double predicted_ms_per_token = 0, bound_ms = 0;  // mode auto
  double acceptance = 0;
  double uplink_bytes_per_token = 0;
};

// What a claim of the issue demands and what was got.
struct FiguresClaim {
  std::string text;
  double wanted = 0, got = 0;
  double bound = 0;  // the most that link and cost curve allow; 0: no such bound
  bool Kept() const { return got >= wanted || (bound > 0 && bound < wanted && got >= 0.95 * bound); }
};

struct Figures {
  double step_ms = 0;   // one row of the live target, by the cloud's costs
  double draft_ms = 0;  // one draft step
  std::vector<FiguresRow> rows;
  std::vector<FiguresClaim> claims;
  bool identical = true;  // all modes wrote the same text for the same prompt and seed (live)
};

using FiguresTell = std::function<void(const std::string&)>;

// Errors of models, of the cloud's process and of texts that failed. `stopped` is asked between texts.
Result<Figures> MeasureFigures(const FiguresOptions& options, const FiguresTell& tell,
                               const std::function<bool()>& stopped);

}  // namespace tandem
