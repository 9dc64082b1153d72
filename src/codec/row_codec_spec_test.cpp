// Tests of row_codec_spec: names and specs are one to one, and nonsense is refused with a sentence.
#include "codec/row_codec_spec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "testing/row_samples.h"

namespace tandem {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string Canonical(std::string_view name) {
  const Result<RowCodecSpec> spec = ParseRowCodec(name);
  return spec ? Name(*spec) : "refused: " + spec.error().message;
}

std::string Refusal(std::string_view name) {
  const Result<RowCodecSpec> spec = ParseRowCodec(name);
  if (spec) return "accepted as " + Name(*spec);
  EXPECT_EQ(spec.error().code, ErrorCode::kUsage);
  return spec.error().message;
}

RC_GTEST_PROP(RowCodecName, SpecsComeBack, (uint64_t seed)) {
  std::mt19937_64 random(seed);
  const RowCodecSpec spec = testing::RandomSpec(random, 2 + testing::Below(random, 300));
  RC_ASSERT(Check(spec));
  const Result<RowCodecSpec> again = ParseRowCodec(Name(spec));
  RC_ASSERT(again);
  RC_ASSERT(*again == spec);
}

TEST(RowCodecName, CanonicalNamesStay) {
  for (const char* name :
       {"f32", "f16", "bf16", "f16/zstd", "int8/token", "int4/tensor/asym", "int4/g96/rot/sink/zstd",
        "ternary/g96/rot", "int3/channel/asym/rot/sink:64x", "mix:int4:int8:0.75/token",
        "mix:int4:f32:1/tensor", "mix:ternary:int2:0.125/g32/rot", "water:3.5/g128/rot/sink",
        "water:4/token/asym/sink:0.5x/zstd", "int4/token/step:1.25x/rot/zstd", "int4/g96/step:2x/asym"}) {
    EXPECT_EQ(Canonical(name), name);
  }
}

TEST(RowCodecName, OthersAreBroughtIntoForm) {
  EXPECT_EQ(Canonical("int8"), "int8/token");
  EXPECT_EQ(Canonical("int4/zstd/sink/rot/g96"), "int4/g96/rot/sink/zstd");
  EXPECT_EQ(Canonical("mix:int4:int8:0.750"), "mix:int4:int8:0.75/token");
  EXPECT_EQ(Canonical("water:4.00/rot"), "water:4/token/rot");
  EXPECT_EQ(Canonical("int4/g096"), "int4/g96");
  EXPECT_EQ(Canonical("int4/rot/step:1.50x"), "int4/token/step:1.5x/rot");
  EXPECT_EQ(Canonical("int4/step:1x"), "int4/token");
}

TEST(RowCodecName, NonsenseIsRefusedWithASentence) {
  for (const auto& [name, part] : std::vector<std::pair<const char*, const char*>>{
           {"", "'' is no format"},
           {"int7", "'int7' is no format"},
           {"INT4", "'INT4' is no format"},
           {"int4/", "'' in a row codec is none of"},
           {"int4/g", "'g' in a row codec"},
           {"int4/g-3", "groups of -3 values"},
           {"int4/g0", "groups of 0 values"},
           {"int4/g65537", "groups of 65537 values"},
           {"int4/token/g32", "'g32' in row codec 'int4/token/g32' says again"},
           {"int4/rot/rot", "says again"},
           {"int4/sink/sink:3x", "says again"},
           {"int4/sink:3", "'sink:3' in a row codec"},
           {"int4/sink:x", "'sink:x' in a row codec"},
           {"int4/sink:0x", "sinks past 0 medians"},
           {"int4/sink:-1x", "sinks past -1 medians"},
           {"int4/sink:nanx", "sinks past nan medians"},
           {"int4/step:2", "'step:2' in a row codec"},
           {"int4/step:x", "'step:x' in a row codec"},
           {"int4/step:0.5x", "steps 0.5 times as large are outside 1..16"},
           {"int4/step:nanx", "steps nan times as large"},
           {"int4/tensor/step:2x", "step:2x belongs to scales by token or group"},
           {"int4/step:2x/step:3x", "says again"},
           {"f16/step:2x", "'step:2x' says nothing"},
           {"f16/token", "f16 rows are not quantised: 'token' says nothing"},
           {"f32/rot", "f32 rows are not quantised: 'rot' says nothing"},
           {"bf16/sink", "bf16 rows are not quantised"},
           {"ternary/asym", "ternary rows have no zero point"},
           {"mix:int4:int8", "a mix is mix:LOW:HIGH:SHARE, not 3 parts"},
           {"mix:int8:int4:0.5", "has its higher format second"},
           {"mix:int4:int4:0.5", "has its higher format second"},
           {"mix:bf16:f32:0.5", "the low format of a mix is an integer one, not bf16"},
           {"mix:int4:int8:1.5", "a share of 1.5"},
           {"mix:int4:int8:-0.1", "a share of -0.1"},
           {"mix:int4:int8:nan", "a share of nan"},
           {"mix:int4:int8:half", "the share of a mix is 'half'"},
           {"mix:ternary:int8:0.5/asym", "ternary rows have no zero point"},
           {"water", "'water' is not water:BITS"},
           {"water:4:5", "'water:4:5' is not water:BITS"},
           {"water:1.9", "water:1.9 is outside 2..8"},
           {"water:8.1", "water:8.1 is outside 2..8"},
           {"water:inf", "water:inf is outside"},
       }) {
    EXPECT_THAT(Refusal(name), HasSubstr(part)) << name;
  }
  EXPECT_LT(Refusal(std::string(100000, 'x')).size(), 200u);
}

RC_GTEST_PROP(RowCodecName, AnyTextIsRefusedOrOfAForm, (std::string tail)) {
  const Result<RowCodecSpec> spec = ParseRowCodec("int4/" + tail);
  if (!spec) return;
  const Result<RowCodecSpec> again = ParseRowCodec(Name(*spec));
  RC_ASSERT(again && *again == *spec);
}

TEST(RowCodecSpec, RowLocalityIsPartOfTheDefinition) {
  for (const char* name :
       {"f32", "f16/zstd", "int8/token", "int4/g96/rot/sink/zstd", "int2/channel/asym", "ternary"}) {
    EXPECT_TRUE(IsRowLocal(ParseRowCodec(name).value())) << name;
  }
  for (const char* name : {"int8/tensor", "int4/token/sink:64x", "mix:int4:int8:0.5", "water:4"}) {
    EXPECT_FALSE(IsRowLocal(ParseRowCodec(name).value())) << name;
  }
}

TEST(RowCodecSpec, FormatsOfAMessage) {
  const auto formats = [](const char* name) { return RowFormats(ParseRowCodec(name).value()); };
  EXPECT_THAT(formats("int4"), ElementsAre(RowFormat::kInt4));
  EXPECT_THAT(formats("int4/sink"), ElementsAre(RowFormat::kInt4, RowFormat::kF16));
  EXPECT_THAT(formats("mix:int4:f16:0.5/sink"), ElementsAre(RowFormat::kInt4, RowFormat::kF16));
  EXPECT_THAT(formats("mix:int4:int8:0.5/sink"),
              ElementsAre(RowFormat::kInt4, RowFormat::kInt8, RowFormat::kF16));
  EXPECT_EQ(formats("water:4/sink").size(), 7u);
}

TEST(RowCodecSpec, StructsAreCheckedToo) {
  EXPECT_FALSE(Check({.format = RowFormat::kF16, .rotate = true}));
  EXPECT_FALSE(Check({.format = RowFormat::kF32, .span = ScaleSpan::kTensor}));
  EXPECT_TRUE(Check({.format = RowFormat::kInt3, .rotate = true}));
}

}  // namespace
}  // namespace tandem
