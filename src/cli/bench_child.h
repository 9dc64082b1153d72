// Load time and peak memory of one engine, measured in a process of its own: this program again, with words
// that --help does not show.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "cli/bench_decoder.h"

namespace tandem {

struct LoadCost {
  double load_ms = 0;      // from the file to the first logits of one token
  double peak_rss_mb = 0;  // 10^6 bytes, after a prompt of 64 and 8 steps
};

// Starts the child and waits for it. kResource when it cannot be started, kInternal when it fails.
Result<LoadCost> MeasureLoad(BenchSide side, const BenchSettings& settings);

// The child's part: when `words` (the program's, without its name) are those of MeasureLoad, measures, prints
// and returns the exit code; else nullopt.
std::optional<int> RunBenchChild(const std::vector<std::string>& words);

}  // namespace tandem
