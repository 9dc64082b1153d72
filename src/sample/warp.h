// Logits and history become the distribution that a token is drawn from. The order is llama.cpp's: penalties,
// top_k, top_p, min_p, temperature; each works on what the one before left. A grammar or a logit mask would
// come first, beside the penalties, as another writer of minus infinities; log-probabilities are read off the
// result.
#pragma once

#include <span>
#include <vector>

#include "base/sampling_params.h"
#include "base/types.h"
#include "sample/rank.h"

namespace tandem {

struct Candidate {
  Token id = kNoToken;
  double logit = 0.0;  // warped
  double p = 0.0;      // of the normalised result; 0 where it underflows
};

// Candidates by falling logit, ties by rising id; p sums to 1. Empty only for an empty vocabulary.
using Distribution = std::vector<Candidate>;

// A pure function with scratch memory (16 bytes a vocabulary entry): one thread at a time.
class Warper {
 public:
  explicit Warper(const SamplingParams& params) : params_(params) {}  // must have passed Validate

  // Valid until the next call. With temperature 0 the one argmax, ties to the lowest id. A NaN counts as
  // minus infinity, plus infinity as the largest finite number; if nothing is above minus infinity, id 0 is
  // left. Cost: a walk over the vocabulary (0.1 ms for 128 000 ids with top_k 40; without top_k a sort and,
  // with top_p, an exponential each, 2 ms).
  const Distribution& Warp(std::span<const float> logits, std::span<const Token> history);

  // Of the last Warp, before anything was cut: how far the best logit stood above the second, after the
  // penalties, >= 0. Infinite where there was no second, 0 for an empty vocabulary.
  double lead() const { return lead_; }

  const SamplingParams& params() const { return params_; }

 private:
  Token Best(std::span<const float> logits);
  std::span<const float> Penalise(std::span<const float> logits, std::span<const Token> history);
  void RankAll(std::span<const float> logits);
  void RankTop(std::span<const float> logits, size_t k);
  double Mass() const;
  void Cut();
  void Normalise();

  SamplingParams params_;
  std::vector<float> penalised_;
  std::vector<Rank> ranks_, spare_;
  Distribution out_;
  double lead_ = 0.0;
};

}  // namespace tandem
