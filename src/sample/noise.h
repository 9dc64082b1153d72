// Addressed noise: every random number of sampling is a function of (seed, position, token, purpose, block
// base) and of nothing else. No stream is consumed, so both sides of a link, a retry and another replica draw
// the same numbers.
#pragma once

#include <cstdint>

#include "base/types.h"

namespace tandem {

// What a number is drawn for; numbers of different purposes at one address are independent.
enum class NoisePurpose : uint32_t {
  kRace = 0,    // the Gumbel race over tokens (rule "coupled")
  kAccept = 1,  // rules "token" and "block" (draws.h): does a draft stand
  kPick = 2,    // of these rules: the correction or bonus token
  kDraft = 3,   // of these rules: the draft, on the edge
};

struct NoiseAddress {
  uint64_t seed = 0;
  Pos position = 0;  // >= 0
  NoisePurpose purpose = NoisePurpose::kRace;
  // Where the draft block begins that the number judges. The coupled rule always says 0: its noise must not
  // depend on blocks. Block-wise rules say the block's first position: a draw reused from a failed block
  // would bias the next one.
  Pos block_base = 0;
};

// Uniform in the open interval (0, 1), 52 bits of it. `token` is the candidate in a race; the block-wise
// rules, which draw one number for all candidates, put their epoch there.
double UniformNoise(const NoiseAddress& address, Token token);

}  // namespace tandem
