// Random weights as a function of an address, so that a tensor can be written in pieces by several threads
// and one seed gives one file (with one build of ggml, whose quantisers do the rounding).
#pragma once

#include <cstdint>
#include <span>

namespace tandem {

// Values [first, first + out.size()) of tensor number `tensor`: Gaussian with standard deviation `deviation`.
// Each value is one of 65536 quantiles of the normal law, picked by 16 bits of Philox (base/philox.h) at
// (seed, tensor, index), so nothing lies past 4.2 deviations. About 4 ns a value. `first` is a multiple of 8.
void FillGaussian(uint64_t seed, uint32_t tensor, uint64_t first, float deviation, std::span<float> out);

}  // namespace tandem
