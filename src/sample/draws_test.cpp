// Tests of draws.
#include "sample/draws.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

namespace tandem {
namespace {

constexpr int kTimes = 40000;

DrawAddress At(int i) {
  return {.block = {.seed = 5, .base = i / 3, .epoch = static_cast<uint32_t>(i % 3)}, .position = i / 3};
}

TEST(NoiseDraws, AcceptsWithTheProbability) {
  NoiseDraws draws;
  for (const double probability : {0.01, 0.3, 0.75}) {
    int accepted = 0;
    for (int i = 0; i < kTimes; ++i) accepted += draws.Accept(At(i), probability) ? 1 : 0;
    const double deviation = std::sqrt(kTimes * probability * (1 - probability));
    EXPECT_NEAR(accepted, kTimes * probability, 5 * deviation);
  }
}

TEST(NoiseDraws, CertaintyIsCertain) {
  NoiseDraws draws;
  for (int i = 0; i < kTimes; ++i) {
    EXPECT_TRUE(draws.Accept(At(i), 1.0));
    EXPECT_FALSE(draws.Accept(At(i), 0.0));
  }
}

TEST(NoiseDraws, PicksInProportion) {
  NoiseDraws draws;
  const std::vector<double> weights = {0.0, 3.0, 0.0, 1.0, 4.0, 0.0};
  std::vector<int> seen(weights.size());
  for (int i = 0; i < kTimes; ++i) ++seen[draws.Pick(At(i), weights)];
  double fit = 0.0;
  for (size_t i = 0; i < weights.size(); ++i) {
    const double expected = kTimes * weights[i] / 8.0;
    if (expected == 0.0) {
      EXPECT_EQ(seen[i], 0);
    } else {
      fit += std::pow(seen[i] - expected, 2) / expected;
    }
  }
  EXPECT_LT(fit, 26.0) << "chi-square, 2 degrees: one in 400 000";
}

TEST(NoiseDraws, TinyAndHugeWeightsDoNotLoseTheirPlace) {
  NoiseDraws draws;
  const std::vector<double> tiny = {5e-324, 0.0}, huge = {0.0, 1e300, 0.0};
  EXPECT_EQ(draws.Pick(At(0), tiny), 0u);
  EXPECT_EQ(draws.Pick(At(0), huge), 1u);
}

// Every word of the address counts. A number is told apart by the finest pick there is.
TEST(NoiseDraws, EveryPartOfTheAddressCounts) {
  const DrawAddress at{
      .block = {.seed = 1, .base = 2, .epoch = 3}, .position = 4, .purpose = NoisePurpose::kAccept};
  std::vector<DrawAddress> others(6, at);
  others[0].block.seed = 1ull << 40 | 1;
  others[1].block.base = 3;
  others[2].block.epoch = 4;
  others[3].position = 5;
  others[4].purpose = NoisePurpose::kPick;
  others[5].purpose = NoisePurpose::kDraft;
  others.push_back(at);
  NoiseDraws draws;
  const std::vector<double> even(1 << 16, 1.0);
  std::set<size_t> seen;
  for (const DrawAddress& other : others) seen.insert(draws.Pick(other, even));
  EXPECT_EQ(seen.size(), 7u);
  EXPECT_EQ(draws.Pick(at, even), draws.Pick(at, even));
}

}  // namespace
}  // namespace tandem
