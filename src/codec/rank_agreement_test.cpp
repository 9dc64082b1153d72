// Rank correlation and overlap of tops against direct countings.
#include "codec/rank_agreement.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

namespace tandem {
namespace {

using Values = std::vector<float>;

TEST(SpearmanCorrelation, OfKnownPairs) {
  EXPECT_DOUBLE_EQ(*SpearmanCorrelation(Values{1, 2, 3, 4}, Values{10, 20, 30, 31}), 1.0);
  EXPECT_DOUBLE_EQ(*SpearmanCorrelation(Values{1, 2, 3, 4}, Values{4, 3, 2, 1}), -1.0);
  // 1 - 6 sum d^2 / (n (n^2 - 1)) with d = 1, 1, 1, 1, 0.
  EXPECT_DOUBLE_EQ(*SpearmanCorrelation(Values{1, 2, 3, 4, 5}, Values{2, 1, 4, 3, 5}), 0.8);
  // Ranks 1 2 3 4 5 and 1 2 3.5 5 3.5: covariance 8, squares 10 and 9.5.
  EXPECT_NEAR(*SpearmanCorrelation(Values{1, 2, 3, 4, 5}, Values{5, 6, 7, 8, 7}), 8 / std::sqrt(95.0), 1e-12);
  EXPECT_FALSE(SpearmanCorrelation(Values{1, 2, 3}, Values{2, 2, 2}));
  EXPECT_FALSE(SpearmanCorrelation(Values{1}, Values{2}));
  EXPECT_FALSE(SpearmanCorrelation(Values{}, Values{}));
}

// Ranks by counting smaller and equal values.
double Reference(const Values& a, const Values& b) {
  const auto n = static_cast<double>(a.size());
  const auto rank = [&](const Values& v, size_t i) {
    double smaller = 0, equal = 0;
    for (const float x : v) {
      smaller += x < v[i];
      equal += x == v[i];
    }
    return smaller + (equal - 1) / 2;
  };
  double ab = 0, aa = 0, bb = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    const double x = rank(a, i) - (n - 1) / 2, y = rank(b, i) - (n - 1) / 2;
    ab += x * y, aa += x * x, bb += y * y;
  }
  return ab / std::sqrt(aa * bb);
}

TEST(SpearmanCorrelation, IsPearsonsOfTheRanks) {
  std::mt19937 random(1);
  for (int round = 0; round < 20; ++round) {
    Values a(60), b(60);
    for (size_t i = 0; i < a.size(); ++i) {
      a[i] = static_cast<float>(random() % 40);  // with ties
      b[i] = a[i] + static_cast<float>(random() % 60);
    }
    EXPECT_NEAR(*SpearmanCorrelation(a, b), Reference(a, b), 1e-12);
  }
}

TEST(TopJaccard, CountsRowsInBothTops) {
  Values a(30), b(30);
  for (size_t i = 0; i < a.size(); ++i) {
    a[i] = static_cast<float>(i);
    b[i] = static_cast<float>(i);
  }
  EXPECT_DOUBLE_EQ(TopJaccard(a, b), 1.0);
  b[29] = -1;  // a's top three are 27 28 29, b's 26 27 28
  EXPECT_DOUBLE_EQ(TopJaccard(a, b), 2.0 / 4);
  EXPECT_DOUBLE_EQ(TopJaccard(a, b, 1.0), 1.0);
  EXPECT_DOUBLE_EQ(TopJaccard(a, b, 0.0), 0.0);  // the first alone: 29 and 28
  std::reverse(b.begin(), b.end());
  EXPECT_DOUBLE_EQ(TopJaccard(a, b), 0.0);
  // Of equals the earlier: both tops are row 0.
  EXPECT_DOUBLE_EQ(TopJaccard(Values{5, 5, 5}, Values{1, 1, 1}, 0.4), 1.0);
  EXPECT_DOUBLE_EQ(TopJaccard(Values{}, Values{}), 1.0);
}

}  // namespace
}  // namespace tandem
