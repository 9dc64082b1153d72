// See quantise_rows.h. Reductions over floats run in kLanes independent lanes: compilers may not reorder one
// float sum, eight they can keep in vectors.
#include "codec/quantise_rows.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "codec/bit_packing.h"

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

ValueRange BothEnds(std::span<const float> values) {
  float lows[kLanes] = {}, highs[kLanes] = {};
  size_t i = 0;
  for (; i + kLanes <= values.size(); i += kLanes) {
    for (size_t j = 0; j < kLanes; ++j) {
      const float value = values[i + j];
      lows[j] = value < lows[j] ? value : lows[j];
      highs[j] = value > highs[j] ? value : highs[j];
    }
  }
  for (; i < values.size(); ++i) {
    lows[0] = std::min(lows[0], values[i]);
    highs[0] = std::max(highs[0], values[i]);
  }
  return {.low = *std::min_element(lows, lows + kLanes), .high = *std::max_element(highs, highs + kLanes)};
}

float SymmetricZero(RowFormat format) {
  if (format == RowFormat::kInt2) return 1.5f;
  return format == RowFormat::kTernary ? 1.0f : static_cast<float>(HighestCode(format) / 2);
}

Grid WithInverse(float scale, float zero) {
  const bool normal = scale >= std::numeric_limits<float>::min();
  return {.scale = scale, .inverse = normal ? 1.0f / scale : 0.0f, .zero = zero};
}

}  // namespace

ValueRange RangeOf(std::span<const float> values, RowFormat format, bool asymmetric) {
  if (asymmetric) return BothEnds(values);
  const float reach = format == RowFormat::kTernary ? TernaryScale(values)
                                                    : std::bit_cast<float>(LargestMagnitudeBits(values));
  return {.low = -reach, .high = reach};
}

Grid GridFor(const ValueRange& range, RowFormat format, bool asymmetric) {
  if (!asymmetric) {
    const float zero = SymmetricZero(format);
    return WithInverse(range.high / zero, zero);
  }
  const uint8_t top = TopCode(format, true);
  const float scale = (range.high - range.low) / static_cast<float>(top);
  return WithInverse(scale, static_cast<float>(ZeroFor(range, scale, top)));
}

uint8_t ZeroFor(const ValueRange& range, float scale, uint8_t top) {
  const float place = std::nearbyint(-range.low * WithInverse(scale, 0.0f).inverse);
  return static_cast<uint8_t>(std::min(place, static_cast<float>(top)));
}

Grid GridFrom(float scale, uint8_t zero, RowFormat format, bool asymmetric) {
  return WithInverse(scale, asymmetric ? static_cast<float>(zero) : SymmetricZero(format));
}

uint8_t TopCode(RowFormat format, bool asymmetric) {
  const bool all = asymmetric || format == RowFormat::kTernary || format == RowFormat::kInt2;
  return static_cast<uint8_t>(HighestCode(format) - (all ? 0 : 1));
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
