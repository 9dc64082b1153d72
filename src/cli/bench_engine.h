// Tandem's engine beside libllama's on one model, on this machine, now: alternating A and B in one process,
// medians.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace tandem {

enum class BenchMetric {
  kPrefill,     // tokens/s of a prompt of 513 tokens (193 when the context is 256), up to its first logits
  kDecode,      // tokens/s of 64 single steps after 64 positions
  kDecodeBusy,  // the same while one other thread spins; 2 threads
  kLoadMs,      // milliseconds from the file to the first logits of one token, in a process of its own
  kPerplexity,  // rows/s of chunks of 512 tokens (all the context where that is less), second half scored
  kPeakRssMb,   // MB (10^6 bytes) of that process at its peak, after a prompt of 64 and 8 steps
};
const char* BenchMetricName(BenchMetric metric);  // "prefill", "decode", "decode_busy", "load_ms", ..

struct BenchOptions {
  std::string model;                 // path
  std::vector<BenchMetric> metrics;  // empty: all
  int rounds = 5;  // alternations of which the median is taken, after one that is not counted
};

struct BenchRow {
  std::string model;  // file name
  BenchMetric metric = BenchMetric::kPrefill;
  std::string
      mode;  // "exact" (the default, one seed one text), or "fast" where exactness costs these weights
  int threads = 1;
  double tandem = 0, llama = 0;  // medians
  double ratio = 0;  // tandem / llama: above 1 is better for tokens/s, below 1 for load_ms and peak_rss_mb
};

// Runs for some seconds to minutes. `progress` is given a short line before each measurement. libllama runs
// with flash attention, an F16 cache and a thread pool with ggml's default polling, as the engine does. The
// errors are those of loading the model and of starting threads and processes.
Result<std::vector<BenchRow>> BenchEngine(const BenchOptions& options,
                                          const std::function<void(std::string_view)>& progress);

}  // namespace tandem
