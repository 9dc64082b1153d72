// See hadamard.h.
#include "codec/hadamard.h"

#include <cmath>

namespace tandem {
namespace {

// One step of the transform for halves of kHalf values: the compiler unrolls it and keeps it in registers.
template <size_t kHalf>
void SmallStep(float* row, size_t size) {
  for (size_t i = 0; i < size; i += 2 * kHalf) {
    for (size_t j = 0; j < kHalf; ++j) {
      const float a = row[i + j], b = row[i + j + kHalf];
      row[i + j] = a + b;
      row[i + j + kHalf] = a - b;
    }
  }
}

void Step(float* row, size_t size, size_t half) {
  for (size_t i = 0; i < size; i += 2 * half) {
    float* low = row + i;
    float* high = low + half;
    for (size_t j = 0; j < half; ++j) {
      const float a = low[j], b = high[j];
      low[j] = a + b;
      high[j] = a - b;
    }
  }
}

}  // namespace

size_t HadamardBlock(size_t width) {
  return width & (~width + 1);
}

void Rotate(std::span<float> row, size_t block) {
  if (block >= 2) SmallStep<1>(row.data(), row.size());
  if (block >= 4) SmallStep<2>(row.data(), row.size());
  if (block >= 8) SmallStep<4>(row.data(), row.size());
  for (size_t half = 8; half < block; half *= 2) Step(row.data(), row.size(), half);
  const float norm = 1.0f / std::sqrt(static_cast<float>(block));
  for (float& value : row) value *= norm;
}

}  // namespace tandem
