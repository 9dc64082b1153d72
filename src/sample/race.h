// The Gumbel race: every candidate runs for an exponential time E = -log U(seed, position, token), slowed by
// its probability, and the first one wins: argmin E(x) / p(x) is distributed as p (Gumbel-max trick; as a
// coupling between draft and target: "drafter-invariant" speculation, arXiv 2408.07978). Two models that race
// with the same noise pick the same token at least as often as (1 - TV) / (1 + TV).
#pragma once

#include "sample/noise.h"
#include "sample/warp.h"

namespace tandem {

// The winner among candidates with p > 0; ties to the lowest id; kNoToken for an empty distribution.
Token Race(const Distribution& distribution, const NoiseAddress& address);

}  // namespace tandem
