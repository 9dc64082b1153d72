// What tests of row codecs share: specs of every kind, and rows that look like activations.
#pragma once

#include <cmath>
#include <random>
#include <span>
#include <vector>

#include "codec/row_codec.h"

namespace tandem::testing {

inline uint32_t Below(std::mt19937_64& random, uint32_t n) {
  return static_cast<uint32_t>(random() % n);
}

// Heavy-tailed values of several scales; with `sink` the second row is a hundred times as large. All fit f16.
inline std::vector<float> RandomRows(std::mt19937_64& random, size_t rows, size_t width, bool sink = false) {
  std::normal_distribution<float> normal;
  std::vector<float> values(rows * width);
  for (size_t row = 0; row < rows; ++row) {
    const float scale = std::exp(normal(random) / 2) * (sink && row == 1 ? 100.0f : 1.0f);
    for (size_t i = 0; i < width; ++i) {
      const float value = normal(random);
      values[row * width + i] = scale * value * (i % 37 == 5 ? 8.0f : std::fabs(value));
    }
  }
  return values;
}

inline std::vector<float> RandomImportance(std::mt19937_64& random, size_t rows) {
  std::vector<float> importance(rows);
  for (float& figure : importance) figure = static_cast<float>(Below(random, 1000)) / 64.0f;
  return importance;
}

// Any spec that passes Check, with groups of a divisor of `width` >= 2; rot only where the width is even.
inline RowCodecSpec RandomSpec(std::mt19937_64& random, size_t width) {
  RowCodecSpec spec;
  spec.zstd = Below(random, 2) == 0;
  spec.mix = static_cast<RowMix>(Below(random, 3));
  const auto scaled = [&random] { return static_cast<RowFormat>(3 + Below(random, 7)); };
  if (spec.mix == RowMix::kNone) spec.format = static_cast<RowFormat>(Below(random, 10));
  if (spec.mix == RowMix::kWater) spec.mean_bits = 2.0 + Below(random, 25) / 4.0;
  if (spec.mix == RowMix::kRatio) {
    spec.format = scaled();
    do {
      spec.high = static_cast<RowFormat>(Below(random, 10));
    } while (FormatBits(spec.high) <= FormatBits(spec.format));
    spec.share = Below(random, 5) / 4.0;
  }
  if (spec.mix != RowMix::kWater && !IsScaled(spec.format)) return spec;
  spec.span = static_cast<ScaleSpan>(Below(random, 4));
  if (spec.span == ScaleSpan::kGroup) {
    do {
      spec.group = static_cast<int32_t>(1 + Below(random, static_cast<uint32_t>(width)));
    } while (width % static_cast<size_t>(spec.group) != 0);
  }
  const bool ternary = spec.mix != RowMix::kWater && spec.format == RowFormat::kTernary;
  spec.asymmetric = !ternary && Below(random, 2) == 0;
  spec.rotate = width % 2 == 0 && Below(random, 2) == 0;
  spec.sinks = static_cast<SinkRule>(Below(random, 3));
  if (spec.sinks == SinkRule::kMedian) spec.sink_factor = 0.5 + Below(random, 200) / 4.0;
  const bool own = spec.span == ScaleSpan::kToken || spec.span == ScaleSpan::kGroup;
  if (own && Below(random, 3) == 0) spec.step = 1.0 + Below(random, 31) / 8.0;
  return spec;
}

// What becomes of rows on their way through a codec.
inline std::vector<float> Through(const RowCodec& codec, const std::vector<float>& values, Pos first = 1,
                                  std::span<const float> importance = {}) {
  const Bytes message = codec.Encode({values, codec.width()}, first, importance).value();
  return codec.Decode(message, values.size() / codec.width()).value();
}

}  // namespace tandem::testing
