// What a draft model would have drafted along a text that the target wrote, how sure it was, and whether the
// target agrees: what real drafts look like, for simulations and for choosing what to read doubt from.
#pragma once

#include <array>
#include <functional>
#include <vector>

#include "base/result.h"
#include "base/sampling_params.h"
#include "decode/engine.h"

namespace tandem {

// What tells a draft's doubt; larger is surer.
enum class Surety {
  kMargin,     // Sampler::PickWithMargin's: the one that the edge goes by
  kLead,       // of the best logit over the second
  kEntropy,    // minus that of the warped law; at temperature 0 of the plain softmax
  kSoftmax,    // minus that of the plain softmax
  kLikeliest,  // probability of the likeliest token, plain softmax
  kOwn,        // probability of the drafted token, plain softmax
};
constexpr size_t kSureties = 6;
const char* SuretyName(Surety surety);

struct DraftSample {
  std::array<double, kSureties> surety{};
  bool stands = false;  // it is the target's token
  double Of(Surety s) const { return surety[static_cast<size_t>(s)]; }
};

struct TracePair {
  Engine* target = nullptr;
  Engine* draft = nullptr;  // the same vocabulary
};

// One for each of the first `tokens` positions that follow `prompt` (not empty) in the target's text; fewer
// where `ends` says that a token ends the text, or the smaller context ends. Drafts are picked by the rule
// coupled. Errors as the engines'.
Result<std::vector<DraftSample>> TraceDrafts(const TracePair& pair, const SamplingParams& params,
                                             const std::vector<Token>& prompt, int tokens,
                                             const std::function<bool(Token)>& ends);

// Chance that, of a draft that stands and one that fell, the surer one is the one that stands (the area under
// the ROC curve; ties count half): 0.5 is worthless, 1 perfect. 0 without both kinds.
double Separation(const std::vector<DraftSample>& drafts, Surety by);

}  // namespace tandem
