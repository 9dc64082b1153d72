// The Gumbel race: every candidate runs for an exponential time E = -log U(seed, position, token), slowed by
// its probability, and the first one wins: argmin E(x) / p(x) is distributed as p (Gumbel-max trick; as a
// coupling between draft and target: "drafter-invariant" speculation, arXiv 2408.07978). Two models that race
// with the same noise pick the same token at least as often as (1 - TV) / (1 + TV).
#pragma once

#include <limits>

#include "sample/noise.h"
#include "sample/warp.h"

namespace tandem {

struct RaceResult {
  Token winner = kNoToken;
  // How clearly it won: the logarithm of the second time over the first, >= 0. A law whose logits differ by
  // less than half of it has the same winner. Infinite without a second one.
  double margin = std::numeric_limits<double>::infinity();
};

// Among candidates with p > 0; ties to the lowest id; kNoToken for an empty distribution.
RaceResult RunRace(const Distribution& distribution, const NoiseAddress& address);

inline Token Race(const Distribution& distribution, const NoiseAddress& address) {
  return RunRace(distribution, address).winner;
}

}  // namespace tandem
