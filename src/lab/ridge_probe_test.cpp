// The probe is the ridge estimate: exact for a linear map of little noise, shrunk to the mean by a strong
// penalty, and equal to the closed form in one dimension.
#include "lab/ridge_probe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace tandem {
namespace {

using ::testing::HasSubstr;

std::vector<float> SomeValues(size_t n, uint32_t state) {
  std::vector<float> values(n);
  for (float& v : values) {
    state = state * 1664525u + 1013904223u;
    v = static_cast<float>(state >> 8) / static_cast<float>(1 << 23) - 1.0f;
  }
  return values;
}

TEST(RidgeProbe, OneDimensionIsTheClosedForm) {
  const std::vector<float> x = {1, 2, 4, 9}, y = {3, 1, 5, 11};
  // Means 4 and 5; Sxx = 9 + 4 + 0 + 25 = 38, Sxy = 6 + 8 + 0 + 30 = 44; the penalty is 0.5 Sxx.
  const auto probe = RidgeProbe::Fit(x, y, 1, 0.5);
  ASSERT_TRUE(probe);
  const double slope = 44.0 / (38.0 * 1.5);
  const std::vector<float> mapped = probe->Map(std::vector<float>{4, 6});
  EXPECT_FLOAT_EQ(mapped[0], 5.0f);
  EXPECT_FLOAT_EQ(mapped[1], static_cast<float>(5 + 2 * slope));
}

TEST(RidgeProbe, FindsALinearMap) {
  constexpr size_t kWidth = 6, kRows = 1300;
  const std::vector<float> map = SomeValues(kWidth * kWidth, 5), x = SomeValues(kRows * kWidth, 6);
  std::vector<float> y(x.size());
  for (size_t row = 0; row < kRows; ++row) {
    for (size_t to = 0; to < kWidth; ++to) {
      double sum = static_cast<double>(to);
      for (size_t from = 0; from < kWidth; ++from)
        sum += double{x[row * kWidth + from]} * map[from * kWidth + to];
      y[row * kWidth + to] = static_cast<float>(sum);
    }
  }
  const std::span<const float> rows(x), targets(y);
  const auto probe = RidgeProbe::Fit(rows.first(1000 * kWidth), targets.first(1000 * kWidth), kWidth, 1e-9);
  ASSERT_TRUE(probe);
  const std::vector<float> mapped = probe->Map(rows.subspan(1000 * kWidth));
  for (size_t i = 0; i < mapped.size(); ++i) EXPECT_NEAR(mapped[i], targets[1000 * kWidth + i], 1e-4);
}

TEST(RidgeProbe, AStrongPenaltyLeavesTheMean) {
  const std::vector<float> x = SomeValues(40 * 4, 7), y = SomeValues(40 * 4, 8);
  const auto probe = RidgeProbe::Fit(x, y, 4, 1e9);
  ASSERT_TRUE(probe);
  double mean = 0;
  for (size_t row = 0; row < 40; ++row) mean += y[row * 4] / 40.0;
  EXPECT_NEAR(probe->Map(std::span<const float>(x).first(4))[0], mean, 1e-4);
}

TEST(RidgeProbe, WhatCannotBeFittedIsRefused) {
  const std::vector<float> four(4, 1.0f), six(6, 1.0f);
  for (const auto& probe :
       {RidgeProbe::Fit(four, six, 2, 1), RidgeProbe::Fit(four, four, 3, 1),
        RidgeProbe::Fit(four, four, 4, 1), RidgeProbe::Fit(four, four, 2, 0),
        RidgeProbe::Fit(four, four, 2, std::nan("")), RidgeProbe::Fit(four, four, 0, 1)}) {
    ASSERT_FALSE(probe);
    EXPECT_EQ(probe.error().code, ErrorCode::kUsage);
  }
  const auto equal = RidgeProbe::Fit(six, six, 2, 1);
  ASSERT_FALSE(equal);
  EXPECT_EQ(equal.error().code, ErrorCode::kModel);
  EXPECT_THAT(equal.error().message, HasSubstr("3 rows of 2 values"));
}

}  // namespace
}  // namespace tandem
