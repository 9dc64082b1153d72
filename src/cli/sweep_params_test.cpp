// System 1's files as they are, ours, and everything that is refused.
#include "cli/sweep_params.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace tandem {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

SweepParams Parsed(const char* text) {
  auto params = ParseSweepParams(text);
  EXPECT_TRUE(params) << params.error().message;
  return params.value_or(SweepParams{});
}

std::string Refusal(const char* text, ErrorCode code = ErrorCode::kUsage) {
  const auto params = ParseSweepParams(text);
  EXPECT_FALSE(params) << text;
  if (params) return "";
  EXPECT_EQ(params.error().code, code) << text;
  return params.error().message;
}

TEST(SweepParams, SystemOnesFileForPythia) {
  const SweepParams params = Parsed(R"({
    "ratios": [0, 0.25, 0.5, 0.75, 1],
    "layers_of_interest": [1, 2, 4, 5],
    "stride": 32,
    "experiment": "last_row",
    "methods": ["regular_importance", "last_row", "aggregate_till"]
})");
  EXPECT_THAT(params.ratios, ElementsAre(0, 0.25, 0.5, 0.75, 1));
  EXPECT_THAT(params.layers, ElementsAre(1, 2, 4, 5));
  EXPECT_EQ(params.stride, 32);
  EXPECT_FALSE(params.max_length);
  const auto points = SweepPoints(params, 6).value();
  // A cut: the rows as they are, three methods at three ratios, and all rows, which need no method.
  ASSERT_EQ(points.size(), 4u * (1 + 3 * 3 + 1));
  EXPECT_EQ(points[0].split, 2);
  EXPECT_EQ(points[0].codec, "f32");
  EXPECT_EQ(points[1].codec, "mix:int4:f32:0.25/tensor");
  EXPECT_EQ(points[1].importance, "regular_importance");
  EXPECT_EQ(points[1].attention_layer, 1);
  const auto whole =
      std::count_if(points.begin(), points.end(), [](const PointName& p) { return p.ratio == 1; });
  EXPECT_EQ(whole, 4);
  EXPECT_FALSE(SweepPoints(params, 5)) << "layer 5 of 5";
}

TEST(SweepParams, SystemOnesFileForQwenByChannels) {
  const SweepParams params = Parsed(R"({
    "layers_of_interest": [14],
  "methods": ["channel_8", "channel_4", "channel_1_mean", "channel_1_max"],
  "max_length": 512,
  "stride": 32,
  "ratios": [0, 0.25, 0.5, 0.75, 1]
})");
  EXPECT_THAT(params.codecs, ElementsAre("int8/channel", "int4/channel", "ternary/channel"));
  EXPECT_THAT(params.warnings, ElementsAre(HasSubstr("channel_1_max")));
  EXPECT_EQ(params.max_length, 512);
  EXPECT_EQ(SweepPoints(params, 24).value().size(), 4u);
}

TEST(SweepParams, ExperimentInitialCutsBehindLayerTwo) {
  const SweepParams params = Parsed(R"({"experiment": "initial", "stride": 32, "ratios": [0, 2.5, 5, 10],
      "layers_of_interest": [0, 3, "aggregate upto 2", "maximum aggregation", "upto ratio"]})");
  EXPECT_THAT(params.ratios, ElementsAre(0, 0.25, 0.5, 1));
  EXPECT_THAT(params.layers, ElementsAre(2));
  EXPECT_THAT(params.methods, ElementsAre("regular_importance", "regular_importance", "aggregate upto 2",
                                          "maximum aggregation", "upto ratio"));
  EXPECT_THAT(params.method_layers, ElementsAre(0, 3, -1, -1, -1));
  const auto points = SweepPoints(params, 6).value();
  EXPECT_EQ(points[1].split, 3);
  EXPECT_EQ(points[1].attention_layer, 0);
  EXPECT_FALSE(SweepPoints(params, 3)) << "layer 3 of 3";
  // With methods its layers are cuts, as in the other experiment.
  const SweepParams with = Parsed(
      R"({"experiment": "initial", "ratios": [0.5], "layers_of_interest": [1], "methods": ["upto ratio"]})");
  EXPECT_THAT(with.layers, ElementsAre(1));
  EXPECT_THAT(with.methods, ElementsAre("upto ratio"));
}

TEST(SweepParams, CodecsAndPlantedSinks) {
  const SweepParams params = Parsed(
      R"({"layers_of_interest": [0], "codecs": ["int4/rot", "water:4"], "plant": 64, "methods": ["last_row"]})");
  EXPECT_THAT(params.codecs, ElementsAre("int4/token/rot", "water:4/token"));
  const auto points = SweepPoints(params, 2).value();
  ASSERT_EQ(points.size(), 6u);
  EXPECT_EQ(points[1].importance, "");
  EXPECT_EQ(points[2].importance, "last_row");
  EXPECT_EQ(points[2].plant, 1);
  EXPECT_EQ(points[3].codec, "f32");
  EXPECT_EQ(points[3].plant, 64);
}

TEST(SweepParams, RefusesInASentence) {
  EXPECT_THAT(Refusal("{\"ratio\": [1]}"), HasSubstr("unknown field 'ratio', there are codecs"));
  EXPECT_THAT(Refusal("[1]", ErrorCode::kFile), HasSubstr("no JSON object"));
  EXPECT_THAT(Refusal("", ErrorCode::kFile), HasSubstr("no JSON object"));
  EXPECT_THAT(Refusal("{}"), HasSubstr("layers_of_interest"));
  EXPECT_THAT(Refusal(R"({"layers_of_interest": [1]})"), HasSubstr("nothing to try"));
  EXPECT_THAT(Refusal(R"({"layers_of_interest": [1], "methods": ["last_row"]})"),
              HasSubstr("nothing to try"));
  EXPECT_THAT(Refusal(R"({"layers_of_interest": [-1]})"), HasSubstr("a layer is -1"));
  EXPECT_THAT(Refusal(R"({"layers_of_interest": 1})"), HasSubstr("layers_of_interest is 1"));
  EXPECT_THAT(Refusal(R"({"layers_of_interest": []})"), HasSubstr("a list of 1"));
  EXPECT_THAT(Refusal(R"({"layers_of_interest": [1, "upto ratio"], "methods": ["random"], "ratios": [0.5]})"),
              HasSubstr("initial"));
  EXPECT_THAT(Refusal(R"({"ratios": [-0.5]})"), HasSubstr("a ratio is -0.5"));
  EXPECT_THAT(Refusal(R"({"ratios": ["0.5"]})"), HasSubstr("a ratio is \"0.5\""));
  EXPECT_THAT(Refusal(R"({"methods": ["best"]})"), HasSubstr("'best'"));
  EXPECT_THAT(Refusal(R"({"methods": [3]})"), HasSubstr("a method is 3"));
  EXPECT_THAT(Refusal(R"({"codecs": ["int5x"]})"), HasSubstr("int5x"));
  EXPECT_THAT(Refusal(R"({"stride": 0})"), HasSubstr("stride is 0"));
  EXPECT_THAT(Refusal(R"({"stride": 1.5})"), HasSubstr("stride is 1.5"));
  EXPECT_THAT(Refusal(R"({"max_length": "all"})"), HasSubstr("max_length is \"all\""));
  EXPECT_THAT(Refusal(R"({"experiment": "third"})"), HasSubstr("experiment is \"third\""));
  EXPECT_THAT(Refusal(R"({"plant": 0.5})"), HasSubstr("plant is 0.5"));
}

}  // namespace
}  // namespace tandem
