// Properties of every row codec at every shape: each value is within its error bound, with scales computed by
// their definitions; messages weigh what the formula says; row-local codecs are row-local.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>

#include "codec/hadamard.h"
#include "codec/half_floats.h"
#include "codec/row_codec.h"
#include "codec/row_coder.h"
#include "testing/row_samples.h"

namespace tandem {
namespace {

using testing::RandomImportance;
using testing::RandomRows;
using testing::Through;

// A codec of any kind, rows for it, and what becomes of them.
struct Case {
  explicit Case(uint64_t seed) : random(seed), width(2 + testing::Below(random, 200)) {
    spec = testing::RandomSpec(random, width);
    rows = 1 + testing::Below(random, 12);
    values = RandomRows(random, rows, width, testing::Below(random, 2) == 0);
    importance = RandomImportance(random, rows);
    first = static_cast<Pos>(testing::Below(random, 2));
    const double factor = spec.sinks == SinkRule::kMedian ? spec.sink_factor : 20.0;
    calibration = Calibrate(spec, View(), factor).value();
  }
  RowsView View() const { return {values, width}; }
  RowCodec Make() const { return RowCodec::Make(spec, width, calibration).value(); }
  std::vector<RowFormat> Plan() const {
    const std::vector<RowFormat> formats = RowFormats(spec);
    const std::vector<float> peaks = RowPeaks(View(), kLargestValue).value();
    const RowsAside aside{first, peaks, importance, calibration.sink_threshold};
    const std::vector<uint8_t> indices = PlanRows(spec, formats, View(), aside).value();
    std::vector<RowFormat> plan;
    for (const uint8_t index : indices) plan.push_back(formats[index]);
    return plan;
  }

  std::mt19937_64 random;
  size_t width, rows;
  RowCodecSpec spec;
  std::vector<float> values, importance;
  Pos first;
  RowCalibration calibration;
};

std::vector<double> AsQuantised(const RowCodecSpec& spec, std::span<const float> row) {
  std::vector<float> rotated(row.begin(), row.end());
  std::vector<float> scratch(row.size());
  if (spec.rotate) Rotate(rotated, HadamardBlock(row.size()), scratch);
  return {rotated.begin(), rotated.end()};
}

// The scale by its definition, of values that share one.
double ScaleOf(const std::vector<double>& run, RowFormat format, bool asymmetric) {
  double low = 0.0, high = 0.0, sum = 0.0, tail = 0.0, above = 0.0;
  for (const double value : run) {
    low = std::min(low, value);
    high = std::max(high, value);
    sum += std::fabs(value);
  }
  const double bits = FormatBits(format), reach = std::max(high, -low);
  if (asymmetric) return (high - low) / (std::exp2(bits) - 1);
  if (format == RowFormat::kInt2) return reach / 1.5;
  if (format != RowFormat::kTernary) return reach / (std::exp2(bits - 1) - 1);
  for (const double value : run) {
    if (std::fabs(value) <= 0.7 * sum / static_cast<double>(run.size())) continue;
    tail += std::fabs(value);
    above += 1.0;
  }
  return above > 0.0 ? tail / above : 0.0;
}

// The values that share a scale with value `column` of row `row`.
std::vector<double> RunAround(const Case& c, const std::vector<RowFormat>& plan, size_t row, size_t column) {
  std::vector<double> run;
  for (size_t other = 0; other < c.rows; ++other) {
    const bool shares = c.spec.span == ScaleSpan::kTensor ? plan[other] == plan[row] : other == row;
    if (!shares) continue;
    const std::vector<double> values = AsQuantised(c.spec, c.View().Row(other));
    run.insert(run.end(), values.begin(), values.end());
  }
  if (c.spec.span != ScaleSpan::kGroup) return run;
  const auto group = static_cast<std::ptrdiff_t>(c.spec.group);
  const auto begin = static_cast<std::ptrdiff_t>(column) / group * group;
  return {run.begin() + begin, run.begin() + begin + group};
}

double ChannelScale(const Case& c, RowFormat format, size_t column) {
  const ValueRange& range = c.calibration.channels[column];
  if (format == RowFormat::kTernary) return 1.5 * c.calibration.mean_magnitudes[column];
  return ScaleOf({range.low, range.high}, format, c.spec.asymmetric);
}

// How far a value may be from what it was, both as they are quantised. A scale in f16 is up to 2^-10 too
// large, or 2^-24 where it is that small.
double Bound(RowFormat format, double scale, double value) {
  scale = scale * (1 + 0x1p-10) + 0x1p-24;
  if (format != RowFormat::kTernary) return scale / 2 * (1 + 1e-4);
  return std::min(std::max(scale / 2, std::fabs(value) - scale * (1 - 0x1p-9)), std::fabs(value));
}

void CheckScaledRow(const Case& c, const std::vector<RowFormat>& plan, size_t row,
                    std::span<const float> got) {
  const std::vector<double> before = AsQuantised(c.spec, c.View().Row(row)), after = AsQuantised(c.spec, got);
  double square = 0.0;
  for (const double value : before) square += value * value;
  const double rounding = 2e-6 * std::sqrt(square);  // of floats, above all in the rotations
  double scale = 0.0;
  for (size_t i = 0; i < c.width; ++i) {
    const bool begins =
        i == 0 || (c.spec.span == ScaleSpan::kGroup && i % static_cast<size_t>(c.spec.group) == 0);
    if (c.spec.span == ScaleSpan::kChannel) {
      scale = ChannelScale(c, plan[row], i);
    } else if (begins) {
      scale = c.spec.step * ScaleOf(RunAround(c, plan, row, i), plan[row], c.spec.asymmetric);
    }
    RC_ASSERT(std::fabs(before[i] - after[i]) <= Bound(plan[row], scale, before[i]) + rounding);
  }
}

void CheckPlainRow(RowFormat format, std::span<const float> before, std::span<const float> after) {
  for (size_t i = 0; i < before.size(); ++i) {
    float expected = before[i];
    if (format == RowFormat::kF16) expected = FromHalf(ToHalf(before[i]));
    if (format == RowFormat::kBf16) expected = FromBf16(ToBf16(before[i]));
    RC_ASSERT(std::bit_cast<uint32_t>(after[i]) == std::bit_cast<uint32_t>(expected));
  }
}

RC_GTEST_PROP(RowCodec, EveryValueIsWithinItsBound, (uint64_t seed)) {
  const Case c(seed);
  const RowCodec codec = c.Make();
  const std::vector<RowFormat> plan = c.Plan();
  const std::vector<float> after = Through(codec, c.values, c.first, c.importance);
  RC_ASSERT(after.size() == c.values.size());
  for (size_t row = 0; row < c.rows; ++row) {
    const std::span<const float> got = RowsView{after, c.width}.Row(row);
    if (IsScaled(plan[row])) {
      CheckScaledRow(c, plan, row, got);
    } else {
      CheckPlainRow(plan[row], c.View().Row(row), got);
    }
  }
}

// docs/codecs.md, "Bytes", for a message that has not gone through zstd.
size_t BytesByFormula(const Case& c, const std::vector<RowFormat>& plan) {
  const std::vector<RowFormat> formats = RowFormats(c.spec);
  const size_t runs = c.spec.span == ScaleSpan::kGroup ? c.width / static_cast<size_t>(c.spec.group) : 1;
  const bool own = c.spec.span == ScaleSpan::kGroup || c.spec.span == ScaleSpan::kToken;
  const double index = std::ceil(std::log2(static_cast<double>(formats.size())));
  size_t bytes = 1 + static_cast<size_t>(std::ceil(static_cast<double>(c.rows) * index / 8));
  for (const RowFormat format : formats) {
    if (IsScaled(format) && c.spec.span == ScaleSpan::kTensor) bytes += c.spec.asymmetric ? 8 : 4;
  }
  for (const RowFormat format : plan) {
    if (IsScaled(format) && own) bytes += runs * (c.spec.asymmetric ? 3 : 2);
    const size_t w = c.width;
    switch (format) {
      case RowFormat::kF32:
        bytes += 4 * w;
        break;
      case RowFormat::kF16:
      case RowFormat::kBf16:
        bytes += 2 * w;
        break;
      case RowFormat::kInt8:
        bytes += w;
        break;
      case RowFormat::kInt6:
        bytes += (w + 1) / 2 + (w + 3) / 4;
        break;
      case RowFormat::kInt5:
        bytes += (w + 1) / 2 + (w + 7) / 8;
        break;
      case RowFormat::kInt4:
        bytes += (w + 1) / 2;
        break;
      case RowFormat::kInt3:
        bytes += (w + 3) / 4 + (w + 7) / 8;
        break;
      case RowFormat::kInt2:
        bytes += (w + 3) / 4;
        break;
      case RowFormat::kTernary:
        bytes += (w + 4) / 5;
        break;
    }
  }
  return bytes;
}

RC_GTEST_PROP(RowCodec, MessagesWeighWhatTheFormulaSays, (uint64_t seed)) {
  const Case c(seed);
  const RowCodec codec = c.Make();
  const size_t bytes = codec.Encode(c.View(), c.first, c.importance).value().size();
  const size_t plain = BytesByFormula(c, c.Plan());
  RC_ASSERT(bytes == plain || (c.spec.zstd && bytes <= plain + 1));
  RC_ASSERT(bytes <= codec.MostBytes(c.rows));
  RC_ASSERT(codec.MostBytes(c.rows) <= codec.MostBytes(c.rows + 1));
}

RC_GTEST_PROP(RowCodec, RowLocalCodecsDecodeRowsAlikeAloneAndTogether, (uint64_t seed)) {
  const Case c(seed);
  const RowCodec codec = c.Make();
  RC_PRE(codec.RowLocal());
  const std::vector<float> together = Through(codec, c.values, c.first);
  std::vector<float> alone;
  for (size_t row = 0; row < c.rows; ++row) {
    const std::span<const float> one = c.View().Row(row);
    const std::vector<float> got = Through(codec, {one.begin(), one.end()}, c.first + static_cast<Pos>(row));
    alone.insert(alone.end(), got.begin(), got.end());
  }
  RC_ASSERT(alone == together);
}

}  // namespace
}  // namespace tandem
