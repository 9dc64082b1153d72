// What a cut model writes over a link: the padded demo target, its first layers here, the others in a cloud's
// process, beside the whole model in one process; without look-ahead, and with the demo draft looking ahead;
// and with the last layers and the head here as well. Then what a prompt costs (bench_split_prompt.h).
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/types.h"
#include "cli/bench_split_prompt.h"

namespace tandem {

struct SplitBenchOptions {
  std::vector<std::string> prompts;
  int32_t tokens = 64;  // of each text
  int split = 3;        // layers here
  std::string codec = "f16";
  Micros rtt{30'000};
  uint64_t seed = 1;
  SplitPromptOptions prompt{};
};

struct SplitBenchRow {
  std::string how;  // "whole", "split", "ends": the last layers, as many as the first, and the head are here
  int32_t k = 0;    // tokens drafted for a frame; 0: no look-ahead
  double rtt_ms = 0;
  double ms_per_token = 0;  // median over the texts
  double uplink_bytes_per_token = 0;
  double downlink_bytes_per_token = 0;
  double acceptance = 0;
  double bound_ms = 0;     // with look-ahead, where the cloud tells costs: see SplitBoundUs
  bool identical = false;  // to the text of the other rows of the same cut
};

struct SplitBench {
  double step_ms = 0;  // one row of the cloud's layers, by its costs
  std::vector<SplitBenchRow> rows;
  SplitPrompt prompt{};
};

// No window over a link of this round trip writes a token in less (us), with drafts and the layers here for
// nothing. step_us: [i] for i + 1 rows; acceptance: the chance that a draft stands, alike for all. A branch
// of drafts lives through 1 / (1 - a^(c+1)) steps of c + 1 rows and brings 1 / (1 - a) tokens; then a round
// trip passes until the next one's rows are there. The best c counts. 0 where no costs are known.
double SplitBoundUs(const std::vector<Micros>& step_us, double acceptance, double rtt_us);

// Errors of models, of the cloud's process and of texts that failed. `stopped` is asked between texts.
Result<SplitBench> MeasureSplit(const SplitBenchOptions& options,
                                const std::function<void(const std::string&)>& tell,
                                const std::function<bool()>& stopped);

}  // namespace tandem
