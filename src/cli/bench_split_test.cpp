#include "cli/bench_split.h"

#include <gtest/gtest.h>

namespace tandem {
namespace {

const std::vector<Micros> kFlat(8, Micros{10'000});  // rows cost nothing
const std::vector<Micros> kDear = {Micros{10'000}, Micros{20'000},
                                   Micros{30'000}};  // each as much as the first

TEST(SplitBound, WithoutAcceptanceEveryTokenPaysTheRoundTrip) {
  EXPECT_DOUBLE_EQ(SplitBoundUs(kFlat, 0, 30'000), 40'000);
}

TEST(SplitBound, DraftsThatAllStandShareAStep) {
  // 8 rows a step, and a branch that hardly ever dies.
  EXPECT_NEAR(SplitBoundUs(kFlat, 0.999, 30'000), 10'000.0 / 8, 50);
  EXPECT_NEAR(SplitBoundUs(kDear, 0.999, 30'000), 10'000, 50);
}

TEST(SplitBound, IsWhatOneRowAStepBringsWhereRowsAreDear) {
  // c = 0: a token costs t(1), and every branch of 1 / (1 - a) tokens a round trip.
  EXPECT_DOUBLE_EQ(SplitBoundUs(kDear, 0.5, 30'000), 10'000 + 0.5 * 30'000);
}

TEST(SplitBound, IsUnknownWithoutCosts) {
  EXPECT_EQ(SplitBoundUs({}, 0.5, 30'000), 0);
}

}  // namespace
}  // namespace tandem
