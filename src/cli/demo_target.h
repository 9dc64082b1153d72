// The demo's target: the small target model padded (model/pad_model.h) until one decode step on this machine
// takes what a large model's would. Its text is the small model's, its cost is real.
#pragma once

#include <functional>
#include <string>

#include "base/result.h"

namespace tandem {

// One decode step of a large model is imitated to within these, in milliseconds.
inline constexpr double kStepLowMs = 40, kStepHighMs = 60;

struct DemoTarget {
  std::string original;  // the model that was padded
  std::string path;
  int layers = 0, ff = 0;
  double step_ms = 0;   // one row after 64, the quickest of a few, measured now
  bool reused = false;  // from the user's cache
};

// Makes the padded model in `folder`, or takes the one that an earlier call left there if its step still
// takes that long. `tell` is given a line before each part that takes seconds; `stopped` is asked in between,
// and a yes ends it with kInternal. Takes up to a minute and about 1 GB of disk the first time, a few seconds
// later.
Result<DemoTarget> PrepareDemoTarget(const std::string& original, const std::string& folder, int threads,
                                     const std::function<void(const std::string&)>& tell,
                                     const std::function<bool()>& stopped);

}  // namespace tandem
