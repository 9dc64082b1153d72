// Runs of values to integer codes and back, on a grid of even steps: code u stands for (u - zero) * scale. A
// run is what shares a scale: a group, a row, or a channel's value. With s the scale, r the largest
// magnitude, lo = min(0, values), hi = max(0, values) and b the bits of the format:
//   symmetric, b >= 3   zero = 2^(b-1) - 1, s = r / zero: an odd number of levels, 0 is one of them
//   symmetric, int2     zero = 1.5, s = r / 1.5: levels at -1.5 s, -0.5 s, 0.5 s, 1.5 s
//   asymmetric          s = (hi - lo) / (2^b - 1), zero = round(-lo / s), whole, from 0 to 2^b - 1
//   ternary             zero = 1, s = the mean of the magnitudes above 0.7 times the mean magnitude
//                       (ternary weight networks, arXiv 1605.04711)
// and u = round(x / s + zero), clipped to 0 .. levels - 1. For x in the range, |x - x'| <= s / 2, but for the
// rounding of floats; for ternary |x - x'| <= max(s / 2, |x| - s), and never more than |x|.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "codec/row_format.h"

namespace tandem {

// What a grid must reach. For ternary `high` is s; for a symmetric format low = -high.
struct ValueRange {
  float low = 0.0f;   // <= 0
  float high = 0.0f;  // >= 0
};

struct Grid {
  float scale = 0.0f;    // >= 0
  float inverse = 0.0f;  // 1 / scale; 0 for a scale below 2^-126, where every value becomes `zero`
  float zero = 0.0f;
};

// Scaled formats only, here and below. Asymmetric and ternary exclude each other. Values are finite.
ValueRange RangeOf(std::span<const float> values, RowFormat format, bool asymmetric);

Grid GridFor(const ValueRange& range, RowFormat format, bool asymmetric);

// An asymmetric grid's zero for a scale that reaches from low to high in `top` steps.
uint8_t ZeroFor(const ValueRange& range, float scale, uint8_t top);

// The grid that is on record as a scale and, if asymmetric, a whole zero.
Grid GridFrom(float scale, uint8_t zero, RowFormat format, bool asymmetric);

// The highest code that is written: the levels less one.
uint8_t TopCode(RowFormat format, bool asymmetric);

// values.size() codes.
void Quantise(std::span<const float> values, const Grid& grid, uint8_t top, uint8_t* codes);

// values.size() values; exact: one subtraction and one product each.
void Dequantise(const uint8_t* codes, const Grid& grid, std::span<float> values);

// One grid a channel, each field apart for the sake of vector code.
struct ChannelGrids {
  std::vector<float> scale, inverse, zero;
  void Add(const Grid& grid);
};

// The grids of rows that have none of their own: the grid of the message (tensor) or of each channel.
struct OuterGrids {
  Grid tensor{};
  const ChannelGrids* channels = nullptr;
};

// Quantise and Dequantise with a grid for every value; grids.scale.size() is values.size().
void QuantiseChannels(std::span<const float> values, const ChannelGrids& grids, uint8_t top, uint8_t* codes);
void DequantiseChannels(const uint8_t* codes, const ChannelGrids& grids, std::span<float> values);

// The largest magnitude of a run as the bits of a float, which order as magnitudes do; infinities and NaN are
// from 0x7f800000 on.
uint32_t LargestMagnitudeBits(std::span<const float> values);

}  // namespace tandem
