// See hadamard.h. Every stage of the transform is the same loop: sums and differences of neighbours go to the
// two halves of the output. After log2(block) stages the indices' bits have gone round once and stand where
// they began. Unlike the usual butterflies no stage has short inner loops.
#include "codec/hadamard.h"

#include <algorithm>
#include <cmath>

namespace tandem {
namespace {

void Stage(const float* __restrict in, float* __restrict out, size_t block) {
  const size_t half = block / 2;
  for (size_t i = 0; i < half; ++i) {
    const float a = in[2 * i], b = in[2 * i + 1];
    out[i] = a + b;
    out[i + half] = a - b;
  }
}

}  // namespace

size_t HadamardBlock(size_t width) {
  return width & (~width + 1);
}

void Rotate(std::span<float> row, size_t block, std::span<float> scratch) {
  for (size_t begin = 0; begin < row.size(); begin += block) {
    float* in = row.data() + begin;
    float* out = scratch.data();
    for (size_t left = block; left > 1; left /= 2) {
      Stage(in, out, block);
      std::swap(in, out);
    }
    if (in == scratch.data()) std::copy(in, in + block, out);
  }
  const float norm = 1.0f / std::sqrt(static_cast<float>(block));
  for (float& value : row) value *= norm;
}

}  // namespace tandem
