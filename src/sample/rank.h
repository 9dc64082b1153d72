// Ranks: a logit and its id as one integer whose natural order is the samplers' order, falling logit and then
// rising id. Sorting integers of eight bytes is what makes a large vocabulary cheap, and leaves no tie to the
// standard library.
#pragma once

#include <cstdint>
#include <vector>

#include "base/types.h"

namespace tandem {

using Rank = uint64_t;

// Not for NaN. -0 ranks as 0, plus infinity as the largest finite number.
Rank RankOf(float logit, Token id);
Token IdOf(Rank rank);
float LogitOf(Rank rank);

// Sorts in O(n), about 6 ns a rank. Ranks of equal logits must already stand by rising id, as a walk over the
// vocabulary leaves them. `spare` is scratch memory.
void SortRanks(std::vector<Rank>& ranks, std::vector<Rank>& spare);

}  // namespace tandem
