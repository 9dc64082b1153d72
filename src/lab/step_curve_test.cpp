// Tables of step costs by hand.
#include "lab/step_curve.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tandem {
namespace {

using testing::ElementsAre;

TEST(StepCurve, IsLinearBetweenPointsAndNeverFalls) {
  EXPECT_THAT(StepCosts({{1, Micros{10}}, {2, Micros{14}}, {4, Micros{20}}, {5, Micros{12}}}),
              ElementsAre(Micros{10}, Micros{14}, Micros{17}, Micros{20}, Micros{20}));
}

TEST(StepCurve, GoesOnWithItsLastSlope) {
  const std::vector<Micros> costs = StepCosts({{1, Micros{100}}, {8, Micros{170}}});
  EXPECT_EQ(StepCost(costs, 8), Micros{170});
  EXPECT_EQ(StepCost(costs, 64), Micros{100 + 63 * 10});
  EXPECT_EQ(StepCost({Micros{7}}, 3), Micros{7}) << "a single point has no slope";
}

TEST(StepCurve, KneeIsTheFirstRowCountBeyondTheFactor) {
  const std::vector<Micros> costs = StepCosts({{1, Micros{100}}, {4, Micros{100}}, {8, Micros{300}}});
  EXPECT_EQ(KneeRows(costs, 1.4), 5);
  EXPECT_EQ(KneeRows(costs, 2), 7);
  EXPECT_EQ(KneeRows(costs, 3), 0);
}

}  // namespace
}  // namespace tandem
