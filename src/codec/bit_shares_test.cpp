// Tests of bit_shares: counts are exact, the mean is met, more weight never gets fewer bits, and no other
// division of the bits distorts less.
#include "codec/bit_shares.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>
#include <random>

namespace tandem {
namespace {

using testing::ElementsAre;

TEST(BitShares, SharesAreRoundedDownToRows) {
  EXPECT_EQ(ShareOf(0.75, 4), 3u);
  EXPECT_EQ(ShareOf(0.75, 5), 3u);
  EXPECT_EQ(ShareOf(0.29, 100), 29u);  // 0.29 * 100 is 28.999999999999996
  EXPECT_EQ(ShareOf(0.0, 7), 0u);
  EXPECT_EQ(ShareOf(1.0, 7), 7u);
  EXPECT_EQ(ShareOf(1.0, 0), 0u);
}

TEST(BitShares, TheLeastImportantAreLow) {
  const std::vector<float> importance = {3, 1, 2, 1, 0};
  EXPECT_THAT(LeastImportant(importance, 0), ElementsAre(0, 0, 0, 0, 0));
  EXPECT_THAT(LeastImportant(importance, 2), ElementsAre(0, 1, 0, 0, 1));
  EXPECT_THAT(LeastImportant(importance, 5), ElementsAre(1, 1, 1, 1, 1));
}

double Distortion(const std::vector<double>& weights, const std::vector<uint8_t>& bits) {
  double sum = 0.0;
  for (size_t i = 0; i < weights.size(); ++i) sum += weights[i] * std::ldexp(1.0, -2 * bits[i]);
  return sum;
}

std::vector<double> RandomWeights(std::mt19937_64& random, size_t rows) {
  std::lognormal_distribution<double> law(0.0, 3.0);
  std::vector<double> weights(rows);
  for (double& weight : weights) weight = random() % 8 == 0 ? 0.0 : law(random);
  return weights;
}

RC_GTEST_PROP(WaterFill, MeetsItsMeanAndKeepsTheOrder, (uint64_t seed)) {
  std::mt19937_64 random(seed);
  const size_t rows = random() % 40;
  const std::vector<double> weights = RandomWeights(random, rows);
  const double mean = 2.0 + static_cast<double>(random() % 601) / 100.0;
  const std::vector<uint8_t> bits = WaterFill(weights, mean);
  RC_ASSERT(bits.size() == rows);
  const double spent = std::accumulate(bits.begin(), bits.end(), 0.0);
  const double all = std::floor(mean * static_cast<double>(rows) + 1e-9);
  RC_ASSERT(spent <= all);
  RC_ASSERT(spent >= all - 1.0);
  for (size_t a = 0; a < rows; ++a) {
    RC_ASSERT(bits[a] >= 2 && bits[a] <= 8 && bits[a] != 7);
    for (size_t b = 0; b < rows; ++b) RC_ASSERT(weights[a] <= weights[b] || bits[a] >= bits[b]);
  }
}

// Against every division of the bits that were spent, for few rows.
RC_GTEST_PROP(WaterFill, NoDivisionDistortsLess, (uint64_t seed)) {
  std::mt19937_64 random(seed);
  const std::vector<double> weights = RandomWeights(random, 4);
  const std::vector<uint8_t> bits = WaterFill(weights, 2.0 + static_cast<double>(random() % 25) / 4.0);
  const int spent = std::accumulate(bits.begin(), bits.end(), 0);
  double best = std::numeric_limits<double>::max();
  constexpr uint8_t kLevels[] = {2, 3, 4, 5, 6, 8};
  for (int n = 0; n < 6 * 6 * 6 * 6; ++n) {
    const std::vector<uint8_t> other = {kLevels[n % 6], kLevels[n / 6 % 6], kLevels[n / 36 % 6],
                                        kLevels[n / 216]};
    if (std::accumulate(other.begin(), other.end(), 0) > spent) continue;
    best = std::min(best, Distortion(weights, other));
  }
  // The step from 6 to 8 bits may not fit what is left: one bit at the going rate is then lost, no more.
  const double one_bit = *std::max_element(weights.begin(), weights.end()) * std::ldexp(1.0, -10);
  RC_ASSERT(Distortion(weights, bits) <= best * (1.0 + 1e-9) + one_bit);
}

TEST(WaterFill, ClosedFormWhereItApplies) {
  // Weights 4^0 .. 4^3: b = mean + log4(w) - mean of logs, all within the levels.
  EXPECT_THAT(WaterFill(std::vector<double>{1, 4, 16, 64}, 4.5), ElementsAre(3, 4, 5, 6));
  EXPECT_THAT(WaterFill(std::vector<double>{5, 5, 5}, 4.0), ElementsAre(4, 4, 4));
  EXPECT_THAT(WaterFill(std::vector<double>{0, 0}, 8.0), ElementsAre(8, 8));
}

}  // namespace
}  // namespace tandem
