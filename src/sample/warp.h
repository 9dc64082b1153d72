// Logits and history become the distribution that a token is drawn from. The order is llama.cpp's: penalties,
// top_k, top_p, min_p, temperature; each works on what the one before left. A grammar or a logit mask would
// come first, as another writer of minus infinities; log-probabilities are read off the result.
#pragma once

#include <span>
#include <vector>

#include "base/sampling_params.h"
#include "base/types.h"

namespace tandem {

struct Candidate {
  Token id = kNoToken;
  double logit = 0.0;  // warped
  double p = 0.0;      // of the normalised result
};

// Candidates by falling logit, ties by rising id; p sums to 1. Never empty for a non-empty vocabulary.
using Distribution = std::vector<Candidate>;

// `out` is overwritten; its memory is reused. With temperature 0 it holds the one argmax, ties to the lowest
// id. A NaN counts as minus infinity; if nothing is above minus infinity, id 0 is left. Cost: O(vocabulary),
// plus a sort of the candidates that top_k leaves.
void Warp(std::span<const float> logits, std::span<const Token> history, const SamplingParams& params,
          Distribution& out);

}  // namespace tandem
