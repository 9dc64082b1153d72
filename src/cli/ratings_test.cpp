// Ratings at the edges of their ranges: a threshold itself belongs to the worse side.
#include "cli/ratings.h"

#include <gtest/gtest.h>

namespace tandem {
namespace {

TEST(Ratings, StatusOfASpeedup) {
  EXPECT_EQ(SpeedStatus(1.0001), "BENEFICIAL");
  EXPECT_EQ(SpeedStatus(1.0), "MARGINAL");
  EXPECT_EQ(SpeedStatus(0.8001), "MARGINAL");
  EXPECT_EQ(SpeedStatus(0.8), "SLOWER");
  EXPECT_EQ(SpeedStatus(0), "SLOWER");
  EXPECT_EQ(SpeedStatusLine(1.456), "BENEFICIAL - 1.46 SPEEDUP");
  EXPECT_EQ(SpeedStatusLine(0.9), "MARGINAL - 0.90 SPEEDUP");
}

TEST(Ratings, VerdictOfASpeedup) {
  EXPECT_EQ(SpeedVerdict(1.5001), "EXCELLENT");
  EXPECT_EQ(SpeedVerdict(1.5), "GOOD");
  EXPECT_EQ(SpeedVerdict(1.2001), "GOOD");
  EXPECT_EQ(SpeedVerdict(1.2), "MODEST");
  EXPECT_EQ(SpeedVerdict(1.0001), "MODEST");
  EXPECT_EQ(SpeedVerdict(1.0), "NONE");
}

TEST(Ratings, Acceptance) {
  EXPECT_EQ(AcceptanceRating(0.5001), "EXCELLENT");
  EXPECT_EQ(AcceptanceRating(0.5), "GOOD");
  EXPECT_EQ(AcceptanceRating(0.3001), "GOOD");
  EXPECT_EQ(AcceptanceRating(0.3), "MODERATE");
  EXPECT_EQ(AcceptanceRating(0.1001), "MODERATE");
  EXPECT_EQ(AcceptanceRating(0.1), "POOR");
  EXPECT_EQ(AcceptanceRating(0), "POOR");
}

}  // namespace
}  // namespace tandem
