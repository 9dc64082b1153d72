// Tests of row_codec: every codec at every shape keeps its error bound and weighs what its formula says;
// row-local codecs are; and the tables that the definitions of others gave are reproduced.
#include "codec/row_codec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <numeric>

#include "codec/hadamard.h"
#include "codec/half_floats.h"
#include "codec/row_coder.h"
#include "testing/row_samples.h"

namespace tandem {
namespace {

using ::testing::HasSubstr;
using testing::RandomImportance;
using testing::RandomRows;

RowCodec Codec(std::string_view name, size_t width, const RowCalibration& calibration = {}) {
  return RowCodec::Make(ParseRowCodec(name).value(), width, calibration).value();
}

std::vector<float> Through(const RowCodec& codec, const std::vector<float>& values, Pos first = 1,
                           std::span<const float> importance = {}) {
  const Bytes message = codec.Encode({values, codec.width()}, first, importance).value();
  return codec.Decode(message, values.size() / codec.width()).value();
}

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
  if (spec.rotate) Rotate(rotated, HadamardBlock(row.size()));
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
      scale = ScaleOf(RunAround(c, plan, row, i), plan[row], c.spec.asymmetric);
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

TEST(RowCodec, OthersDoNot) {
  std::mt19937_64 random(4);
  const std::vector<float> values = RandomRows(random, 8, 64, true);
  const std::vector<float> importance = RandomImportance(random, 8);
  for (const char* name : {"int8/tensor", "int4/token/sink:8x", "mix:int4:int8:0.5", "water:4"}) {
    const RowCodec codec = Codec(name, 64);
    const std::vector<float> together = Through(codec, values, 1, importance);
    std::vector<float> alone;
    for (size_t row = 0; row < 8; ++row) {
      const std::span<const float> one = RowsView{values, 64}.Row(row);
      const std::vector<float> got = Through(codec, {one.begin(), one.end()}, static_cast<Pos>(row) + 1,
                                             std::span(importance).subspan(row, 1));
      alone.insert(alone.end(), got.begin(), got.end());
    }
    EXPECT_NE(alone, together) << name;
  }
}

TEST(RowCodec, ZerosAndTheSmallestValuesSurvive) {
  for (const char* name : {"f32", "f16", "bf16", "int8", "int2/tensor", "int4/token/asym/rot", "ternary/rot",
                           "int3/g4", "int4/tensor/asym"}) {
    const RowCodec codec = Codec(name, 8);
    EXPECT_EQ(Through(codec, std::vector<float>(16)), std::vector<float>(16)) << name;
    for (const float value : Through(codec, std::vector<float>(16, 1e-44f)))
      EXPECT_LT(std::fabs(value), 1e-7) << name;
  }
}

// System 1's fake quantisation: the least important share of the rows by q = round(clamp(h / m * 7, -8, 7)),
// back q / 7 * m, with one m for them all, the rest as they were.
TEST(RowCodec, SharedScaleMixIsSystemOnesFormula) {
  std::mt19937_64 random(11);
  std::vector<float> values = RandomRows(random, 16, 32), importance(16);
  std::iota(importance.begin(), importance.end(), 0.0f);
  const std::vector<float> got = Through(Codec("mix:int4:f32:0.75/tensor", 32), values, 0, importance);
  float m = 0.0f;
  for (size_t i = 0; i < 12 * 32; ++i) m = std::max(m, std::fabs(values[i]));
  for (size_t i = 0; i < values.size(); ++i) {
    const float q = std::round(std::clamp(values[i] / m * 7.0f, -8.0f, 7.0f));
    EXPECT_NEAR(got[i], i < 12 * 32 ? q / 7.0f * m : values[i], i < 12 * 32 ? 1e-5f * m : 0.0f) << i;
  }
}

double WorstRelativeError(const std::vector<float>& before, const std::vector<float>& after, size_t width) {
  double worst = 0.0;
  for (size_t row = 0; row < before.size() / width; ++row) {
    double error = 0.0, square = 0.0;
    for (size_t i = row * width; i < (row + 1) * width; ++i) {
      error += std::pow(before[i] - after[i], 2);
      square += std::pow(before[i], 2);
    }
    worst = std::max(worst, std::sqrt(error / square));
  }
  return worst;
}

// The cliff of a shared scale: one row a thousand times the others rounds them all to zero.
TEST(RowCodec, SinksCostNoOtherRowItsValues) {
  std::mt19937_64 random(2);
  std::normal_distribution<float> normal;
  std::vector<float> values(16 * 64);
  for (size_t i = 0; i < values.size(); ++i) values[i] = normal(random) * (i / 64 == 5 ? 1000.0f : 1.0f);
  const RowCalibration known{.sink_threshold = 100.0f};
  const auto error = [&](const char* name) {
    return WorstRelativeError(values, Through(Codec(name, 64, known), values, 1), 64);
  };
  EXPECT_GT(error("int4/tensor"), 0.99);
  EXPECT_LT(error("int4/tensor/sink"), 0.35);
  EXPECT_LT(error("int4/tensor/sink:64x"), 0.35);
  EXPECT_LT(error("int8/tensor/sink"), 0.03);
}

TEST(RowCodec, PositionZeroIsASink) {
  std::mt19937_64 random(2);
  const std::vector<float> values = RandomRows(random, 3, 16);
  const RowCodec codec = Codec("int2/token/sink", 16);
  const std::vector<float> at_start = Through(codec, values, 0), later = Through(codec, values, 7);
  for (size_t i = 0; i < 16; ++i) EXPECT_EQ(at_start[i], FromHalf(ToHalf(values[i])));
  EXPECT_TRUE(std::equal(at_start.begin() + 16, at_start.end(), later.begin() + 16));
  EXPECT_FALSE(std::equal(at_start.begin(), at_start.begin() + 16, later.begin()));
}

// One channel a hundred times the others: rotation spreads it.
TEST(RowCodec, RotationHelpsAgainstOutlyingChannels) {
  std::mt19937_64 random(2);
  std::normal_distribution<float> normal;
  std::vector<float> values(32 * 128);
  for (size_t i = 0; i < values.size(); ++i) values[i] = normal(random) * (i % 128 == 9 ? 100.0f : 1.0f);
  std::vector<double> errors;
  for (const char* name : {"int4/token", "int4/token/rot"}) {
    const std::vector<float> after = Through(Codec(name, 128), values);
    double error = 0.0;
    for (size_t i = 0; i < values.size(); ++i)
      error += i % 128 == 9 ? 0.0 : std::pow(values[i] - after[i], 2);
    errors.push_back(error);
  }
  EXPECT_LT(errors[1], 0.8 * errors[0]);
}

TEST(RowCodec, MixAndWaterDivideTheRowsThatAreNoSinks) {
  std::mt19937_64 random(2);
  const std::vector<float> values = RandomRows(random, 9, 64), importance = RandomImportance(random, 9);
  const auto bytes = [&](const char* name, Pos first) {
    return Codec(name, 64).Encode({values, 64}, first, importance).value().size();
  };
  // Eight rows beside the sink, six of them int4: head 1 + ceil(9 * 2 / 8), scales 2 a row.
  EXPECT_EQ(bytes("mix:int4:int8:0.75/token/sink", 0), 4 + 128 + 6 * (2 + 32) + 2 * (2 + 64));
  EXPECT_EQ(bytes("mix:int4:f16:0.75/token/sink", 0), 3 + 128 + 6 * (2 + 32) + 2 * 128);
  // Nine rows at a mean of 3.5 bits have 31 bits a column (31.5, rounded down).
  EXPECT_EQ(bytes("water:3.5/token", 1), 1 + 4 + 9 * 2 + 31 * 8);
}

TEST(RowCodec, MakeRefusesWhatDoesNotFit) {
  const auto refusal = [](const char* name, size_t width, const RowCalibration& calibration = {}) {
    const Result<RowCodec> codec = RowCodec::Make(ParseRowCodec(name).value(), width, calibration);
    return codec ? "accepted" : codec.error().message;
  };
  EXPECT_THAT(refusal("f16", 0), HasSubstr("rows of 0 values are outside 1..65536"));
  EXPECT_THAT(refusal("f16", 65537), HasSubstr("rows of 65537 values"));
  EXPECT_THAT(refusal("int4/g96", 200), HasSubstr("groups of 96 do not divide rows of 200 values"));
  EXPECT_THAT(refusal("int4/token/rot", 33), HasSubstr("rows of 33 values, an odd number"));
  EXPECT_THAT(refusal("int4/channel", 32), HasSubstr("scales of 0 calibrated channels for rows of 32"));
  RowCalibration bad{.channels = {{-1.0f, 1.0f}, {0.5f, 1.0f}}, .mean_magnitudes = {1.0f, 1.0f}};
  EXPECT_THAT(refusal("int4/channel", 2, bad), HasSubstr("channel 1 is calibrated to 0.5..1"));
  bad.channels[1] = {-1.0f, std::numeric_limits<float>::infinity()};
  EXPECT_THAT(refusal("int4/channel", 2, bad), HasSubstr("channel 1 is calibrated to -1..inf"));
  EXPECT_FALSE(RowCodec::Make({.format = RowFormat::kF16, .rotate = true}, 32));
}

TEST(RowCodec, EncodeRefusesWithRowAndColumn) {
  const auto refusal = [](const char* name, const std::vector<float>& values,
                          std::vector<float> importance = {}) {
    const Result<Bytes> message = Codec(name, 2).Encode({values, 2}, 0, importance);
    return message ? "accepted" : message.error().message;
  };
  const float nan = std::numeric_limits<float>::quiet_NaN(), inf = std::numeric_limits<float>::infinity();
  EXPECT_THAT(refusal("f32", {1, 2, 3, nan}), HasSubstr("row 1, column 1 is nan"));
  EXPECT_THAT(refusal("int4", {1, -inf}), HasSubstr("row 0, column 1 is -inf"));
  EXPECT_THAT(refusal("int4", {1e21f, 0}), HasSubstr("row 0, column 0 is 1e+21"));
  EXPECT_EQ(refusal("f32", {3e38f, 0}), "accepted");
  EXPECT_THAT(refusal("f16", {1, 2, -70000, 0}), HasSubstr("row 1: a value of magnitude 70000 is past f16"));
  EXPECT_THAT(refusal("bf16", {3.4028e38f, 0}), HasSubstr("is past bf16"));
  EXPECT_THAT(refusal("int4", {1e6f, 0}), HasSubstr("row 0: a scale of 142857.14 is past f16"));
  EXPECT_EQ(refusal("int4/tensor", {1e6f, 0}), "accepted");
  EXPECT_THAT(refusal("int4", {}), HasSubstr("0 values in rows of 2"));
  EXPECT_THAT(refusal("int4", {1, 2, 3}), HasSubstr("3 values in rows of 2"));
  EXPECT_THAT(refusal("mix:int4:int8:0.5", {1, 2}), HasSubstr("0 figures of importance for 1 rows"));
  EXPECT_THAT(refusal("water:4", {1, 2}, {1, 2}), HasSubstr("2 figures of importance for 1 rows"));
  EXPECT_THAT(refusal("water:4", {1, 2, 3, 4}, {1, -2}), HasSubstr("the importance of row 1 is -2"));
  EXPECT_EQ(refusal("water:4", {1, 2}), "accepted");
}

TEST(RowCalibration, RangesAreThoseOfTheRowsThatAreQuantised) {
  const std::vector<float> sample = {1, -2, 3, 4, 500, -600, -2, 0};
  const RowCalibration all = Calibrate(ParseRowCodec("int4/channel").value(), {sample, 2}, 10.0).value();
  EXPECT_EQ(all.channels[0].high, 500.0f);
  EXPECT_EQ(all.sink_threshold, 20.0f);  // peaks 2, 2, 4, 600
  const RowCalibration tame =
      Calibrate(ParseRowCodec("int4/channel/sink").value(), {sample, 2}, 10.0).value();
  EXPECT_EQ(tame.channels[0].low, -2.0f);
  EXPECT_EQ(tame.channels[0].high, 3.0f);
  EXPECT_EQ(tame.channels[1].high, 4.0f);
  EXPECT_EQ(tame.mean_magnitudes[0], 2.0f);
  EXPECT_FALSE(Calibrate(ParseRowCodec("int4/channel").value(), {{}, 2}));
}

}  // namespace
}  // namespace tandem
