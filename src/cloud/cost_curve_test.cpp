// The curve against steps of a known cost.
#include "cloud/cost_curve.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace tandem {
namespace {

Micros Cost(int rows, double load = 1) {
  return Micros(static_cast<int64_t>((40'000 + 2'500 * rows) * load));
}

CostCurve Learned(std::initializer_list<int> row_counts) {
  CostCurve curve;
  for (int round = 0; round < 5; ++round) {
    for (const int rows : row_counts) curve.Observe(rows, Cost(rows));
  }
  return curve;
}

void ExpectNear(const CostCurve& curve, int rows, Micros want) {
  EXPECT_NEAR(static_cast<double>(curve.At(rows).count()), static_cast<double>(want.count()),
              0.02 * static_cast<double>(want.count()))
      << rows << " rows";
}

TEST(CostCurve, GuessesBeforeItKnows) {
  const CostCurve curve;
  EXPECT_FALSE(curve.known());
  EXPECT_GT(curve.At(2), curve.At(1));
}

TEST(CostCurve, InterpolatesAndExtrapolates) {
  const CostCurve curve = Learned({1, 4, 8});
  for (const int rows : {1, 2, 3, 4, 6, 8, 16, 64}) ExpectNear(curve, rows, Cost(rows));
}

TEST(CostCurve, FollowsALoadThatMovesAllRowCounts) {
  CostCurve curve = Learned({1, 4, 8});
  for (int i = 0; i < 40; ++i) curve.Observe(4, Cost(4, 2));
  EXPECT_GT(curve.At(1), Cost(1, 1.4)) << "one row was not seen since, and is dearer all the same";
  EXPECT_GT(curve.At(8), Cost(8, 1.4));
}

TEST(CostCurve, IsMonotoneWhateverItSaw) {
  CostCurve curve;
  curve.Observe(1, Micros{900});
  curve.Observe(3, Micros{500});
  curve.Observe(7, Micros{2'000});
  for (int rows = 1; rows < 80; ++rows) EXPECT_LE(curve.At(rows), curve.At(rows + 1)) << rows;
}

TEST(CostCurve, OneHiccupDoesNotMoveItMuch) {
  CostCurve curve = Learned({1, 4, 8});
  curve.Observe(4, Micros{10'000'000});
  EXPECT_LT(curve.At(4), Cost(4, 1.5));
}

TEST(CostCurve, TellsStepsOfHundredsOfRowsApart) {
  CostCurve curve;
  for (const int rows : {1, 64, 300, CostCurve::kMaxRows}) {
    for (int i = 0; i < 20; ++i) curve.Observe(rows, Cost(std::max(100, rows)));
  }
  ExpectNear(curve, 64, Cost(100));
  ExpectNear(curve, 300, Cost(300));
  ExpectNear(curve, 400, Cost(400));
  EXPECT_GE(curve.At(CostCurve::kMaxRows + 100), curve.At(CostCurve::kMaxRows));
}

}  // namespace
}  // namespace tandem
