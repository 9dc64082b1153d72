// What judged drafts of different margins must make of the chances.
#include "sample/acceptance_by_margin.h"

#include <gtest/gtest.h>

#include <limits>

namespace tandem {
namespace {

constexpr double kUnknown = std::numeric_limits<double>::infinity();

TEST(AcceptanceByMargin, BeginsWithTheRateMovedByWhatMarginsUsuallyTell) {
  const AcceptanceByMargin fresh;
  double before = 0;
  for (const double margin : {0.0, 0.7, 1.2, 1.7, 2.5, 4.0, 9.0}) {
    EXPECT_GT(fresh.Of(0, margin), before) << margin;
    before = fresh.Of(0, margin);
  }
  EXPECT_LT(fresh.Of(0, 0), 0.5);
  EXPECT_GT(fresh.Of(0, 9), 0.95);
  EXPECT_EQ(fresh.Of(3, kUnknown), fresh.rate().At(3)) << "the running rate";
}

TEST(AcceptanceByMargin, LearnsEachBucketApart) {
  AcceptanceByMargin learned;
  for (int i = 0; i < 300; ++i) {
    learned.Judge(0, 0.2, i % 10 != 0);  // here close calls stand ...
    learned.Judge(0, 5, i % 2 == 0);     // ... and clear ones fall
  }
  EXPECT_NEAR(learned.Of(0, 0.3), 0.9, 0.06);
  EXPECT_NEAR(learned.Of(0, 7), 0.5, 0.06);
  EXPECT_NEAR(learned.rate().mean(), 0.7, 0.05);
}

// The prior follows the text's rate: a bucket that was never judged is not left behind.
TEST(AcceptanceByMargin, UnseenBucketsFollowTheRate) {
  AcceptanceByMargin hard, easy;
  for (int i = 0; i < 200; ++i) {
    hard.Judge(0, 2.5, i % 5 == 0);
    easy.Judge(0, 2.5, i % 20 != 0);
  }
  EXPECT_LT(hard.Of(0, 0.1) + 0.3, easy.Of(0, 0.1));
}

TEST(AcceptanceByMargin, UnknownMarginsTeachTheRateAlone) {
  AcceptanceByMargin learned;
  for (int i = 0; i < 200; ++i) learned.Judge(0, kUnknown, false);
  EXPECT_LT(learned.rate().At(0), 0.15);
  EXPECT_LT(learned.Of(0, kUnknown), 0.15);
}

TEST(AcceptanceByMargin, StaysAwayFromCertaintyWhateverTheMargin) {
  AcceptanceByMargin learned;
  for (int i = 0; i < 500; ++i) learned.Judge(0, 6, true);
  EXPECT_LE(learned.Of(0, 6), 0.98);
  for (int i = 0; i < 500; ++i) learned.Judge(0, 0, false);
  EXPECT_GE(learned.Of(0, 0), 0.02);
}

}  // namespace
}  // namespace tandem
