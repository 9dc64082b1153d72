// Tests of row_codec beside its bounds (row_codec_bounds_test): what sinks, rotation and mixes are for, the
// quantiser of the study that codecs re-create, and refusals.
#include "codec/row_codec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "codec/half_floats.h"
#include "testing/row_samples.h"

namespace tandem {
namespace {

using ::testing::HasSubstr;
using testing::RandomImportance;
using testing::RandomRows;
using testing::Through;

RowCodec Codec(std::string_view name, size_t width, const RowCalibration& calibration = {}) {
  return RowCodec::Make(ParseRowCodec(name).value(), width, calibration).value();
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

// Steps between those of two formats: zstd packs the codes that are left unused.
TEST(RowCodec, LargerStepsTakeFewerBytesAndMoreError) {
  std::mt19937_64 random(2);
  std::normal_distribution<float> normal;
  std::vector<float> values(256 * 288);
  for (float& value : values) value = normal(random);
  size_t bytes = static_cast<size_t>(-1);
  double error = 0;
  for (const char* name : {"int4/zstd", "int4/step:1.25x/zstd", "int4/step:1.5x/zstd", "int3/zstd"}) {
    const RowCodec codec = Codec(name, 288);
    const size_t size = codec.Encode({values, 288}, 1).value().size();
    const double worst = WorstRelativeError(values, Through(codec, values, 1), 288);
    EXPECT_LT(size, bytes) << name;
    EXPECT_GT(worst, error) << name;
    bytes = size;
    error = worst;
  }
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

}  // namespace
}  // namespace tandem
