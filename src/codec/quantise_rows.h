// Runs of values to integer codes and back, on grids as grid.h defines them. A run is what shares a scale: a
// group, a row, or a channel's value.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "codec/grid.h"

namespace tandem {

// The range of a run of finite values.
ValueRange RangeOf(std::span<const float> values, const Levels& levels);

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
