// Tests of rank.
#include "sample/rank.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace tandem {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr float kMax = std::numeric_limits<float>::max();

// Floats of every size and sign, many of them equal.
float AnyLogit() {
  const float value = static_cast<float>(*rc::gen::inRange(-40, 41));
  return std::ldexp(value, *rc::gen::element(-140, -3, 0, 3, 120));
}

TEST(Rank, SmallestIsTheLargestLogit) {
  const float falling[] = {kMax, 1e30f, 2.5f, 1.0f, 1e-40f, 0.0f, -1e-40f, -1.0f, -2.5f, -kMax, -kInf};
  for (size_t i = 1; i < std::size(falling); ++i) {
    EXPECT_LT(RankOf(falling[i - 1], 99), RankOf(falling[i], 0)) << falling[i];
  }
  EXPECT_LT(RankOf(1.0f, 3), RankOf(1.0f, 4)) << "ties by rising id";
}

TEST(Rank, ZeroHasOneRankAndInfinityIsTheLargestNumber) {
  EXPECT_EQ(RankOf(-0.0f, 7), RankOf(0.0f, 7));
  EXPECT_EQ(RankOf(kInf, 7), RankOf(kMax, 7));
}

RC_GTEST_PROP(Rank, HoldsLogitAndId, ()) {
  const float logit = AnyLogit();
  const Token id = *rc::gen::element<Token>(0, 1, 151935, std::numeric_limits<Token>::max());
  const Rank rank = RankOf(logit, id);
  RC_ASSERT(LogitOf(rank) == logit);
  RC_ASSERT(IdOf(rank) == id);
}

RC_GTEST_PROP(Rank, OrderIsFallingLogitThenRisingId, ()) {
  const float a = AnyLogit(), b = AnyLogit();
  const Token i = *rc::gen::inRange(0, 100), j = *rc::gen::inRange(0, 100);
  RC_ASSERT((RankOf(a, i) < RankOf(b, j)) == (a > b || (a == b && i < j)));
}

RC_GTEST_PROP(Rank, SortingSorts, ()) {
  std::vector<Rank> ranks, spare;
  const int size = *rc::gen::inRange(0, 400);
  for (Token id = 0; id < size; ++id) ranks.push_back(RankOf(AnyLogit(), id));
  std::vector<Rank> expected = ranks;
  std::sort(expected.begin(), expected.end());
  SortRanks(ranks, spare);
  RC_ASSERT(ranks == expected);
}

}  // namespace
}  // namespace tandem
