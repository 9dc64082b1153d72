// Philox 4x32-10: a counter-based random generator (Salmon et al., "Parallel random numbers: as easy as 1, 2,
// 3", SC 2011). A pure function of counter and key: Tandem addresses its randomness and never consumes a
// stream, so that edge and cloud draw the same number for the same (seed, position, token) without talking
// about it.
#pragma once

#include <array>
#include <cstdint>

namespace tandem {

using PhiloxCounter = std::array<uint32_t, 4>;
using PhiloxKey = std::array<uint32_t, 2>;

// Ten rounds, about 20 ns.
PhiloxCounter Philox4x32(PhiloxCounter counter, PhiloxKey key);

}  // namespace tandem
