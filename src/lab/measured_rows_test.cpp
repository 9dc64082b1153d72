// Figures of a real model's rows against the rows themselves.
#include "lab/measured_rows.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "codec/hadamard.h"

namespace tandem {
namespace {

const std::string kModel = TANDEM_SOURCE_DIR "/models/demo-draft-q8_0.gguf";

TEST(RowsOfACut, APartsCutsAreItsEndsAndWhatLiesBetween) {
  const std::vector<StageRange> front = {{0, 4}}, ends = {{0, 3}, {11, 14}}, middle = {{4, 6}},
                                whole = {{0, 8}};
  EXPECT_EQ(CutsWithin(front, 12), (std::vector{0, 1, 2, 3}));
  EXPECT_EQ(CutsWithin(ends, 12), (std::vector{0, 1, 2, 10, 11, 12}));
  EXPECT_EQ(CutsWithin(middle, 12), (std::vector{3, 4, 5}));
  EXPECT_EQ(CutsWithin(whole, 6), (std::vector{0, 1, 2, 3, 4, 5, 6}));
}

class MeasuredRows : public testing::Test {
 protected:
  void SetUp() override {
    for (size_t i = 0; i < 160; ++i)
      text_.tokens.push_back(static_cast<Token>((5 + i * 37 + i * i / 3) % 400));
    text_.windows =
        PlanWindows({WindowForm::kChunks, VoteWeight::kHf, 64, 0, 0}, text_.tokens.size()).value();
    chain_ = StageChain::Load(kModel, cuts_, {.context = 64}).value();
    rows_ = MeasureRows(*chain_, cuts_, text_).value();
    sample_ = SampleRows(*chain_, text_, text_.windows.size()).value();
  }

  const std::vector<int> cuts_ = {0, 2};
  EvaluatedText text_;
  std::unique_ptr<StageChain> chain_;
  std::vector<RowStatistics> rows_;
  std::vector<std::vector<float>> sample_;
};

TEST_F(MeasuredRows, RangesAndMeansAreThoseOfEveryWindow) {
  ASSERT_EQ(rows_.size(), 2u);
  const auto width = static_cast<size_t>(chain_->shape().width);
  for (size_t at = 0; at < 2; ++at) {
    EXPECT_EQ(rows_[at].cut, cuts_[at]);
    ASSERT_EQ(sample_[at].size(), 128 * width);
    for (const bool rotated : {false, true}) {
      const ChannelStatistics& channels = rows_[at].channels[RowStatistics::Kind(rotated, false)];
      std::vector<float> low(width, 0), high(width, 0), mean(width, 0), scratch(HadamardBlock(width));
      for (size_t row = 0; row < 128; ++row) {
        std::vector<float> values(sample_[at].begin() + static_cast<ptrdiff_t>(row * width),
                                  sample_[at].begin() + static_cast<ptrdiff_t>((row + 1) * width));
        if (rotated) Rotate(values, HadamardBlock(width), scratch);
        for (size_t i = 0; i < width; ++i) {
          low[i] = std::min(low[i], values[i]);
          high[i] = std::max(high[i], values[i]);
          mean[i] += std::fabs(values[i]) / 128;
        }
      }
      EXPECT_EQ(channels.low, low) << at << rotated;
      EXPECT_EQ(channels.high, high) << at << rotated;
      for (size_t i = 0; i < width; ++i)
        EXPECT_NEAR(channels.mean_magnitude[i], mean[i], 1e-4 * mean[i] + 1e-9);
    }
  }
}

TEST_F(MeasuredRows, ASinkIsSixtyFourTimesTheMedian) {
  const auto width = static_cast<size_t>(chain_->shape().width);
  std::vector<float> peaks(128, 0);
  for (size_t i = 0; i < sample_[1].size(); ++i)
    peaks[i / width] = std::max(peaks[i / width], std::fabs(sample_[1][i]));
  std::sort(peaks.begin(), peaks.end());
  EXPECT_GE(rows_[1].sink_threshold, 64 * peaks[63]);
  EXPECT_LE(rows_[1].sink_threshold, 64 * peaks[64]);
}

TEST_F(MeasuredRows, HeadsAreThoseOfTheLayerBeforeTheCut) {
  ASSERT_TRUE(WeighHeads(kModel, text_, {}, rows_));
  EXPECT_TRUE(rows_[0].head_weights.empty()) << "no layer lies before layer 0";
  const std::vector<Token> first(text_.tokens.begin(), text_.tokens.begin() + 64);
  const HeadRelevance relevance = MeasureHeadRelevance(kModel, {&first, 1}, {}).value();
  EXPECT_EQ(rows_[1].head_weights, relevance.Weights(1));
  EXPECT_NE(rows_[1].head_weights, relevance.Weights(0));
}

TEST(RowsOfACut, SinksWidenOnlyWhatCountsThem) {
  const std::vector<float> rows = {1, 2, 500, -1000, -1, 1, 2, 1};  // of two values
  const RowStatistics measured = StatisticsAt(3, {rows, 2}).value();
  EXPECT_EQ(measured.cut, 3);
  EXPECT_EQ(measured.sink_threshold, 64 * 2);
  using Figures = std::vector<float>;
  const auto of = [&](bool rotated, bool without) {
    return measured.channels[RowStatistics::Kind(rotated, without)];
  };
  EXPECT_EQ(of(false, false).high, (Figures{500, 2}));
  EXPECT_EQ(of(false, false).low, (Figures{-1, -1000}));
  EXPECT_EQ(of(false, true).high, (Figures{2, 2}));
  EXPECT_EQ(of(false, true).low, (Figures{-1, 0}));
  EXPECT_NEAR(of(true, false).high[1], 1500 / std::sqrt(2.0f), 1e-3) << "rotated: sum and difference";
  EXPECT_NEAR(of(true, true).low[1], -2 / std::sqrt(2.0f), 1e-3);
  EXPECT_FALSE(StatisticsAt(3, {{}, 2}));
}

}  // namespace
}  // namespace tandem
