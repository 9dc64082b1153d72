// What a plan predicts beside what is written: the padded demo target cut at several places, its layers timed
// as `tandem plan` does, then texts over a link to a cloud's process.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/types.h"
#include "wire/link_shape.h"

namespace tandem {

struct PlanBenchOptions {
  std::string prompt;  // its tokens, again and again, are the texts' prompts
  int32_t prompt_tokens = 129;
  int32_t tokens = 32;  // of each text
  int rounds = 3;       // over all cuts and codecs in turn
  LinkShape link;
  uint64_t seed = 1;
};

// Milliseconds.
struct PredictedText {
  double mean = 0;   // a token, the wait for the first one included
  double first = 0;  // from the dialled connection
  double next = 0;   // each of the others
};

struct PlanBenchRow {
  int split = 0;
  std::string codec;
  PredictedText predicted, measured;  // measured: medians over the rounds
};

// Errors of models, of the cloud's process and of texts that failed. `stopped` is asked between texts.
Result<std::vector<PlanBenchRow>> MeasurePredictions(const PlanBenchOptions& options,
                                                     const std::function<void(const std::string&)>& tell,
                                                     const std::function<bool()>& stopped);

}  // namespace tandem
