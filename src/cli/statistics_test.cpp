// Statistics against values worked out by hand.
#include "cli/statistics.h"

#include <gtest/gtest.h>

namespace tandem {
namespace {

TEST(Statistics, OfNothingIsNothing) {
  EXPECT_EQ(Mean({}), 0);
  EXPECT_EQ(Median({}), 0);
  EXPECT_EQ(Quantile({}, 0.9), 0);
  EXPECT_EQ(StandardDeviation({}), 0);
  EXPECT_EQ(Summarize({}).max, 0);
}

TEST(Statistics, OneValueIsItsOwnSummary) {
  const Summary one = Summarize({7});
  for (const double figure : {one.mean, one.median, one.min, one.max, one.p10, one.p50, one.p90, one.p99})
    EXPECT_EQ(figure, 7);
  EXPECT_EQ(one.std_dev, 0);
}

TEST(Statistics, MediansOfOddAndEvenLists) {
  EXPECT_EQ(Median({9, 1, 2}), 2);
  EXPECT_EQ(Median({9, 1, 2, 4}), 3);
}

TEST(Statistics, QuantilesLieBetweenMembersInProportion) {
  const std::vector<double> values{50, 10, 20, 40, 30};
  EXPECT_EQ(Quantile(values, 0), 10);
  EXPECT_EQ(Quantile(values, 1), 50);
  EXPECT_DOUBLE_EQ(Quantile(values, 0.1), 14);
  EXPECT_DOUBLE_EQ(Quantile(values, 0.9), 46);
  EXPECT_EQ(Quantile(values, -1), 10) << "out of range is the end";
  EXPECT_EQ(Quantile(values, 2), 50);
}

TEST(Statistics, DeviationIsOfASample) {
  EXPECT_DOUBLE_EQ(StandardDeviation({2, 4, 4, 4, 5, 5, 7, 9}), 2.138089935299395);
  const Summary summary = Summarize({3, 1, 2});
  EXPECT_DOUBLE_EQ(summary.std_dev, 1);
  EXPECT_DOUBLE_EQ(summary.mean, 2);
  EXPECT_EQ(summary.min, 1);
  EXPECT_EQ(summary.max, 3);
}

}  // namespace
}  // namespace tandem
