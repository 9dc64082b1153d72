// What the edge's part of a cut model knows of its rows beforehand, and what is refused before a text begins.
#include "edge/edge_split.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/cut_model.h"
#include "testing/scratch_files.h"

namespace tandem {
namespace {

using ::testing::HasSubstr;

const std::string kDemo = TANDEM_SOURCE_DIR "/models/demo-target-q8_0.gguf";
constexpr size_t kWidth = 288;

// Figures that tell cut and kind.
RowStatistics Rows(int cut) {
  RowStatistics rows{.cut = cut, .sink_threshold = 100.0f + static_cast<float>(cut)};
  for (size_t kind = 0; kind < RowStatistics::kKinds; ++kind) {
    const float figure = 1 + static_cast<float>(10 * static_cast<size_t>(cut) + kind);
    rows.channels[kind] = {std::vector<float>(kWidth, -figure), std::vector<float>(kWidth, 2 * figure),
                           std::vector<float>(kWidth, figure / 2)};
  }
  return rows;
}

class EdgeSplitTest : public testing::ScratchFiles {
 protected:
  void SetUp() override {
    testing::ScratchFiles::SetUp();
    const auto measure = [](std::span<const StageRange>, int) -> Result<std::vector<RowStatistics>> {
      return std::vector{Rows(2), Rows(4)};
    };
    ASSERT_TRUE(CutModel({kDemo, {{0, 2}, {4, 6}}, "", measure}, Path("ends.gguf")));
  }
  Result<EdgeSplit> Load(const SplitPlan& plan) const { return LoadEdgeSplit(Path("ends.gguf"), plan, {}); }
  void ExpectRefused(const SplitPlan& plan, const char* what) const {
    const auto split = Load(plan);
    ASSERT_FALSE(split) << what;
    EXPECT_EQ(split.error().code, ErrorCode::kUsage);
    EXPECT_THAT(split.error().message, HasSubstr(what));
  }
};

RowCalibration Channels(int cut, bool rotated, bool sinks) {
  const RowStatistics rows = Rows(cut);
  const ChannelStatistics& of = rows.channels[RowStatistics::Kind(rotated, sinks)];
  RowCalibration calibration{.mean_magnitudes = of.mean_magnitude};
  calibration.channels.assign(kWidth, {of.low[0], of.high[0]});
  if (sinks) calibration.sink_threshold = rows.sink_threshold;
  return calibration;
}

TEST_F(EdgeSplitTest, TheCloudIsToldWhatTheCodecHasToKnow) {
  const auto told = [&](const char* codec) { return Load({.begin = 2, .codec = codec})->cut.calibration; };
  EXPECT_EQ(told("int8/token"), RowCalibration());
  EXPECT_EQ(told("int8/token/sink:8x"), RowCalibration());
  EXPECT_EQ(told("int8/token/sink"), RowCalibration{.sink_threshold = 102});
  EXPECT_EQ(told("int8/channel"), Channels(2, false, false));
  EXPECT_EQ(told("int8/channel/rot"), Channels(2, true, false));
  EXPECT_EQ(told("int4/channel/asym/sink/zstd"), Channels(2, false, true));
  EXPECT_EQ(told("mix:int4:f16:0.5/channel/rot/sink"), Channels(2, true, true));
}

TEST_F(EdgeSplitTest, EachWayHasItsOwn) {
  const auto split = Load({.begin = 2, .end = 4, .codec = "f16", .codec_back = "int8/channel/rot"});
  ASSERT_TRUE(split) << split.error().message;
  EXPECT_EQ(split->cut.calibration, RowCalibration());
  EXPECT_EQ(split->cut.calibration_back, Channels(4, true, false));
}

TEST_F(EdgeSplitTest, WithoutFiguresASinkIsTheFirstRow) {
  const auto split = Load({.begin = 1, .codec = "int8/token/sink"});
  ASSERT_TRUE(split) << split.error().message;
  EXPECT_EQ(split->cut.calibration, RowCalibration());
  ExpectRefused({.begin = 1, .codec = "int8/channel"}, "rows before layer 1");
}

TEST_F(EdgeSplitTest, HeadsThatWereMeasuredWeigh) {
  const auto measure = [](std::span<const StageRange>, int) -> Result<std::vector<RowStatistics>> {
    std::vector rows{Rows(2)};
    rows[0].head_weights = {0, 0.5f, 0, 0.25f, 0.25f, 0};
    return rows;
  };
  ASSERT_TRUE(CutModel({kDemo, {{0, 2}}, "", measure}, Path("heads.gguf")));
  const SplitPlan plan{.begin = 2, .codec = "mix:int4:f16:0.5", .importance = "weighted_importance"};
  const auto split = LoadEdgeSplit(Path("heads.gguf"), plan, {});
  EXPECT_TRUE(split) << split.error().message;
  ExpectRefused(plan, "relevance of layer 1's heads");
}

TEST_F(EdgeSplitTest, RefusesAnImportanceThatNothingCanTellOrUse) {
  const char* mix = "mix:int4:f16:0.5";
  ExpectRefused({.begin = 0, .codec = mix}, "told from attention");
  ExpectRefused({.begin = 2, .codec = mix, .importance = "median"}, "'median'");
  ExpectRefused({.begin = 2, .codec = mix, .importance = "weighted_importance"}, "relevance of layer 1's");
  ExpectRefused({.begin = 2, .codec = "f16", .importance = "last_row"}, "do not compete");
  ExpectRefused({.begin = 2, .codec = "water:3", .importance = "upto ratio"}, "share of a mix");
  ExpectRefused({.begin = 2, .end = 4, .codec = "f16", .codec_back = mix}, "the cloud measures none");
  EXPECT_TRUE(Load({.begin = 0, .codec = mix, .importance = "random"}));
  EXPECT_TRUE(Load({.begin = 2, .codec = "water:3", .importance = "last_row"}));
}

}  // namespace
}  // namespace tandem
