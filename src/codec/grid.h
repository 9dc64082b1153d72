// The grids of even steps that integer codes stand on: code u stands for (u - zero) * scale. A run is what
// shares a scale: a group, a row, or a channel's value. With s the scale, r the largest magnitude, lo =
// min(0, values), hi = max(0, values) and b the bits of the format:
//   symmetric, b >= 3   zero = 2^(b-1) - 1, s = r / zero: an odd number of levels, 0 is one of them
//   symmetric, int2     zero = 1.5, s = r / 1.5: levels at -1.5 s, -0.5 s, 0.5 s, 1.5 s
//   asymmetric          s = (hi - lo) / (2^b - 1), zero = round(-lo / s), whole, from 0 to 2^b - 1
//   ternary             zero = 1, s = the mean of the magnitudes above 0.7 times the mean magnitude
//                       (ternary weight networks, arXiv 1605.04711)
// and u = round(x / s + zero), clipped to 0 .. levels - 1. For x in the range, |x - x'| <= s / 2, but for the
// rounding of floats; for ternary |x - x'| <= max(s / 2, |x| - s), and never more than |x|.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>

#include "codec/bit_packing.h"
#include "codec/row_format.h"

namespace tandem {

// What a grid must reach. For ternary `high` is s; for a symmetric format low = -high.
struct ValueRange {
  float low = 0.0f;   // <= 0
  float high = 0.0f;  // >= 0
  friend bool operator==(const ValueRange&, const ValueRange&) = default;
};

struct Grid {
  float scale = 0.0f;    // >= 0
  float inverse = 0.0f;  // 1 / scale; 0 for a scale below 2^-126, where every value becomes `zero`
  float zero = 0.0f;
};

// What the grids of a scaled format share. Asymmetric and ternary exclude each other.
struct Levels {
  Levels(RowFormat of, bool with_zero_point) : format(of), asymmetric(with_zero_point) {
    const uint8_t highest = HighestCode(format);
    const bool all = asymmetric || format == RowFormat::kTernary || format == RowFormat::kInt2;
    top = static_cast<uint8_t>(highest - (all ? 0 : 1));
    zero = static_cast<float>(top) / 2;
  }

  RowFormat format;
  bool asymmetric;
  uint8_t top;  // the highest code that is written: the levels less one
  float zero;   // of a symmetric grid
};

// The scale that reaches over the range.
inline float ScaleFor(const ValueRange& range, const Levels& levels) {
  if (levels.asymmetric) return (range.high - range.low) / static_cast<float>(levels.top);
  return range.high / levels.zero;
}

// A grid with that scale, or a larger one, which holds the range. An asymmetric grid's zero is whole.
inline Grid GridOn(float scale, const ValueRange& range, const Levels& levels) {
  const bool normal = scale >= std::numeric_limits<float>::min();
  Grid grid = {.scale = scale, .inverse = normal ? 1.0f / scale : 0.0f, .zero = levels.zero};
  if (!levels.asymmetric) return grid;
  const float place = std::min(-range.low * grid.inverse + 0.5f, static_cast<float>(levels.top));
  grid.zero = static_cast<float>(static_cast<int32_t>(place));
  return grid;
}

}  // namespace tandem
