// From logits to a token, as a pure function. Logits and history become a distribution (warp.h), the
// distribution becomes a token by a Gumbel race whose noise is addressed by (seed, position, token) (race.h).
// Edge and cloud run the same function, so that a draft needs no probabilities on the wire and one seed gives
// one text.
#pragma once

#include <span>

#include "base/result.h"
#include "base/sampling_params.h"
#include "base/types.h"
#include "sample/race.h"
#include "sample/warp.h"

namespace tandem {

// kUsage with the offending value when a field is out of range or not finite. Peer input passes through here
// too.
Status Validate(const SamplingParams& params);

// Draws the token at position history.size() of the text that `history` begins. Pure: equal arguments, equal
// token. `logits` are raw (vocab_size floats); a NaN counts as minus infinity. Scratch memory is kept between
// calls, so an instance belongs to one thread at a time.
class Sampler {
 public:
  explicit Sampler(const SamplingParams& params) : warper_(params) {}  // params must have passed Validate

  Token Pick(std::span<const float> logits, std::span<const Token> history) {
    return PickWithMargin(logits, history).winner;
  }
  // ... and how clearly it was chosen: the race's margin or, where only one candidate was left to race, the
  // lead of its logit over the next one (over the temperature, if there is one).
  RaceResult PickWithMargin(std::span<const float> logits, std::span<const Token> history);
  // What Pick races over; valid until the next call of either.
  const Distribution& Warp(std::span<const float> logits, std::span<const Token> history) {
    return warper_.Warp(logits, history);
  }
  const SamplingParams& params() const { return warper_.params(); }

 private:
  Warper warper_;
};

}  // namespace tandem
