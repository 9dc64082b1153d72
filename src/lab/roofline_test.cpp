// The roofline by hand, and that the named devices make sense.
#include "lab/roofline.h"

#include <gtest/gtest.h>

namespace tandem {
namespace {

constexpr RooflineDevice kDevice{"device", 1e9, 1e12, "made up"};
constexpr RooflineModel kModel{"model", 1e6, 2e6, 1e5};

TEST(Roofline, IsTheLargerOfMovingAndComputing) {
  EXPECT_DOUBLE_EQ(RooflineUs(kDevice, kModel, 1, 1), 1100) << "1.1 MB at 1 GB/s";
  EXPECT_DOUBLE_EQ(RooflineUs(kDevice, kModel, 500, 1), 1100) << "550 rows take that long";
  EXPECT_DOUBLE_EQ(RooflineUs(kDevice, kModel, 1000, 1), 2000) << "2 us a row";
  EXPECT_DOUBLE_EQ(RooflineUs(kDevice, kModel, 10, 10), 2000) << "each text's cache is read";
  EXPECT_DOUBLE_EQ(RooflineUs(kDevice, kModel, 1, 1, 50), 1150);
}

TEST(Roofline, KneeIsWhereBothAreEqual) {
  const double knee = RooflineKnee(kDevice, kModel);
  EXPECT_DOUBLE_EQ(knee, 550);
  const std::vector<Micros> costs = RooflineCosts(kDevice, kModel, 1, 600);
  ASSERT_EQ(costs.size(), 600u);
  EXPECT_EQ(costs[549], costs[0]);
  EXPECT_GT(costs[550], costs[549]);
}

TEST(Roofline, RowsOfAStepBelongToAsManyTexts) {
  const std::vector<Micros> costs = RooflineCosts(kDevice, kModel, 4, 8);
  EXPECT_EQ(costs[3] - costs[0], Micros{300});
  EXPECT_EQ(costs[7], costs[3]);
}

TEST(Roofline, NamedServersHoldTheirModelsMemoryBoundAtOneRow) {
  for (const RooflinePair& pair : RooflinePairs()) {
    EXPECT_GT(RooflineKnee(pair.server, pair.target), 50) << pair.server.name;
    EXPECT_LT(RooflineUs(pair.server, pair.draft, 1, 1), RooflineUs(pair.server, pair.target, 1, 1) / 5);
    EXPECT_FALSE(pair.server.source.empty());
  }
}

}  // namespace
}  // namespace tandem
