// See quantise_rows.h. Reductions over floats run in kLanes independent lanes: compilers may not reorder one
// float sum, eight they can keep in vectors.
#include "codec/quantise_rows.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace tandem {
namespace {

constexpr size_t kLanes = 8;

// Sum and number of the magnitudes above `floor` >= 0. The comparison is one of integers and becomes a mask:
// a branch on data would be mispredicted every other time.
struct Tail {
  double sum = 0.0;
  double count = 0.0;
};

struct Lanes {
  float sums[kLanes] = {};
  int32_t counts[kLanes] = {};

  void Add(size_t lane, float value, int32_t floor_bits) {
    const auto bits = static_cast<int32_t>(std::bit_cast<uint32_t>(value) & 0x7fffffffu);
    const int32_t mask = bits > floor_bits ? -1 : 0;
    sums[lane] += std::bit_cast<float>(bits & mask);
    counts[lane] -= mask;
  }
};

Tail TailAbove(std::span<const float> values, float floor) {
  constexpr size_t kRun = 4096;  // then the lanes are emptied into doubles
  const auto floor_bits = std::bit_cast<int32_t>(floor);
  Tail tail;
  for (size_t begin = 0; begin < values.size(); begin += kRun) {
    const std::span<const float> run = values.subspan(begin, std::min(kRun, values.size() - begin));
    Lanes lanes;
    size_t i = 0;
    for (; i + kLanes <= run.size(); i += kLanes) {
      for (size_t j = 0; j < kLanes; ++j) lanes.Add(j, run[i + j], floor_bits);
    }
    for (; i < run.size(); ++i) lanes.Add(0, run[i], floor_bits);
    for (size_t j = 0; j < kLanes; ++j) {
      tail.sum += lanes.sums[j];
      tail.count += lanes.counts[j];
    }
  }
  return tail;
}

float TernaryScale(std::span<const float> values) {
  const double mean = TailAbove(values, 0.0f).sum / static_cast<double>(std::max<size_t>(values.size(), 1));
  const Tail tail = TailAbove(values, static_cast<float>(0.7 * mean));
  return tail.count > 0.0 ? static_cast<float>(tail.sum / tail.count) : 0.0f;
}

// lanes[0] becomes the largest of all.
void Gather(float (&lanes)[kLanes]) {
  for (size_t half = kLanes / 2; half > 0; half /= 2) {
    for (size_t j = 0; j < half; ++j) lanes[j] = std::max(lanes[j], lanes[j + half]);
  }
}

float Peak(std::span<const float> values) {
  float peaks[kLanes] = {};
  size_t i = 0;
  for (; i + kLanes <= values.size(); i += kLanes) {
    for (size_t j = 0; j < kLanes; ++j) {
      const float magnitude = std::fabs(values[i + j]);
      peaks[j] = magnitude > peaks[j] ? magnitude : peaks[j];
    }
  }
  for (; i < values.size(); ++i) peaks[0] = std::max(peaks[0], std::fabs(values[i]));
  Gather(peaks);
  return peaks[0];
}

ValueRange BothEnds(std::span<const float> values) {
  float depths[kLanes] = {}, highs[kLanes] = {};
  size_t i = 0;
  for (; i + kLanes <= values.size(); i += kLanes) {
    for (size_t j = 0; j < kLanes; ++j) {
      const float value = values[i + j];
      depths[j] = -value > depths[j] ? -value : depths[j];
      highs[j] = value > highs[j] ? value : highs[j];
    }
  }
  for (; i < values.size(); ++i) {
    depths[0] = std::max(depths[0], -values[i]);
    highs[0] = std::max(highs[0], values[i]);
  }
  Gather(depths);
  Gather(highs);
  return {.low = -depths[0], .high = highs[0]};
}

}  // namespace

ValueRange RangeOf(std::span<const float> values, const Levels& levels) {
  if (levels.asymmetric) return BothEnds(values);
  const float reach = levels.format == RowFormat::kTernary ? TernaryScale(values) : Peak(values);
  return {.low = -reach, .high = reach};
}

void Quantise(std::span<const float> values, const Grid& grid, uint8_t top, uint8_t* codes) {
  const float limit = static_cast<float>(top) + 0.5f;
  const float shift = grid.zero + 0.5f;
  const float inverse = grid.inverse;
  for (size_t i = 0; i < values.size(); ++i) {
    float place = values[i] * inverse + shift;
    place = place > 0.0f ? place : 0.0f;
    place = place < limit ? place : limit;
    codes[i] = static_cast<uint8_t>(static_cast<int32_t>(place));
  }
}

void Dequantise(const uint8_t* codes, const Grid& grid, std::span<float> values) {
  const float scale = grid.scale, zero = grid.zero;
  for (size_t i = 0; i < values.size(); ++i) {
    values[i] = (static_cast<float>(static_cast<int32_t>(codes[i])) - zero) * scale;
  }
}

void ChannelGrids::Add(const Grid& grid) {
  scale.push_back(grid.scale);
  inverse.push_back(grid.inverse);
  zero.push_back(grid.zero);
}

void QuantiseChannels(std::span<const float> values, const ChannelGrids& grids, uint8_t top, uint8_t* codes) {
  const float limit = static_cast<float>(top) + 0.5f;
  const float* inverse = grids.inverse.data();
  const float* zero = grids.zero.data();
  for (size_t i = 0; i < values.size(); ++i) {
    float place = values[i] * inverse[i] + (zero[i] + 0.5f);
    place = place > 0.0f ? place : 0.0f;
    place = place < limit ? place : limit;
    codes[i] = static_cast<uint8_t>(static_cast<int32_t>(place));
  }
}

void DequantiseChannels(const uint8_t* codes, const ChannelGrids& grids, std::span<float> values) {
  const float* scale = grids.scale.data();
  const float* zero = grids.zero.data();
  for (size_t i = 0; i < values.size(); ++i) {
    values[i] = (static_cast<float>(static_cast<int32_t>(codes[i])) - zero[i]) * scale[i];
  }
}

uint32_t LargestMagnitudeBits(std::span<const float> values) {
  constexpr size_t kWide = 16;  // several vectors: one alone would wait for its own last comparison
  int32_t largest[kWide] = {};
  const auto add = [&largest, &values](size_t i, size_t lane) {
    const auto bits = static_cast<int32_t>(std::bit_cast<uint32_t>(values[i]) & 0x7fffffffu);
    largest[lane] = bits > largest[lane] ? bits : largest[lane];
  };
  size_t i = 0;
  for (; i + kWide <= values.size(); i += kWide) {
    for (size_t j = 0; j < kWide; ++j) add(i + j, j);
  }
  for (; i < values.size(); ++i) add(i, 0);
  return static_cast<uint32_t>(*std::max_element(largest, largest + kWide));
}

}  // namespace tandem
