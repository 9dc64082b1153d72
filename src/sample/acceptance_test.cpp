// What a run of judgements must make of the estimate.
#include "sample/acceptance.h"

#include <gtest/gtest.h>

#include <cmath>

namespace tandem {
namespace {

TEST(AcceptanceRate, LearnsTheRateAndFollowsAChange) {
  AcceptanceRate rate;
  for (int i = 0; i < 400; ++i) rate.Judge(i % 3, i % 10 != 0);
  EXPECT_NEAR(rate.mean(), 0.9, 0.04);
  for (int i = 0; i < 400; ++i) rate.Judge(i % 3, i % 10 == 0);
  EXPECT_NEAR(rate.mean(), 0.1, 0.06);
}

TEST(AcceptanceRate, KnowsDepthsApart) {
  AcceptanceRate rate;
  for (int i = 0; i < 300; ++i) {
    rate.Judge(0, true);
    rate.Judge(1, i % 2 == 0);
  }
  EXPECT_GT(rate.At(0), 0.9);
  EXPECT_NEAR(rate.At(1), 0.5, 0.08);
  EXPECT_NEAR(rate.At(5), rate.mean(), 1e-12) << "never judged: the mean";
}

TEST(AcceptanceRate, ExpectedTokensIsTheGeometricSumForEqualRates) {
  const AcceptanceRate rate;
  const double a = rate.mean();
  EXPECT_DOUBLE_EQ(rate.ExpectedTokens(0), 1);
  EXPECT_NEAR(rate.ExpectedTokens(4), (1 - std::pow(a, 5)) / (1 - a), 1e-12);
  EXPECT_NEAR(rate.Survival(3), a * a * a, 1e-12);
}

TEST(AcceptanceRate, StaysAwayFromCertainty) {
  AcceptanceRate rate;
  for (int i = 0; i < 1000; ++i) rate.Judge(0, true);
  EXPECT_LE(rate.At(0), 0.98);
  for (int i = 0; i < 1000; ++i) rate.Judge(0, false);
  EXPECT_GE(rate.At(0), 0.02);
}

}  // namespace
}  // namespace tandem
