// The policy on curves whose answers are known by hand.
#include "cloud/step_policy.h"

#include <gtest/gtest.h>

namespace tandem {
namespace {

AcceptanceRate Rate(double accepted) {
  AcceptanceRate rate;
  for (int i = 0; i < 1000; ++i) {
    // Spread over the depths, so that all learn about the same.
    rate.Judge(i % 8, i * 7919 % 1000 < accepted * 1000);
  }
  return rate;
}

CostCurve Curve(int64_t base_us, int64_t row_us) {
  CostCurve curve;
  for (const int rows : {1, 2, 4, 8, 16, 32, 64}) curve.Observe(rows, Micros(base_us + row_us * rows));
  return curve;
}

TEST(DraftsThatPay, AllWhenRowsAreFree) {
  const CostCurve curve = Curve(50'000, 1);
  EXPECT_EQ(DraftsThatPay(8, Rate(0.8), {&curve}), 8);
}

TEST(DraftsThatPay, NoneWhenARowCostsAsMuchAsAStep) {
  const CostCurve curve = Curve(1, 50'000);
  EXPECT_EQ(DraftsThatPay(8, Rate(0.8), {&curve}), 0);
}

TEST(DraftsThatPay, SomeInBetweenAndMoreForABetterDraft) {
  const CostCurve curve = Curve(40'000, 5'000);
  const int worse = DraftsThatPay(16, Rate(0.5), {&curve}), better = DraftsThatPay(16, Rate(0.9), {&curve});
  EXPECT_GT(worse, 0);
  EXPECT_LT(worse, better);
  EXPECT_LE(better, 16);
}

TEST(DraftsThatPay, FewerBesideOthersWhereRowsCost) {
  const CostCurve curve = Curve(40'000, 5'000);
  const AcceptanceRate rate = Rate(0.6);
  EXPECT_LT(DraftsThatPay(16, rate, {&curve, 40, 40}), DraftsThatPay(16, rate, {&curve}));
}

TEST(CostToSession, AloneIsTheStepsCost) {
  const CostCurve curve = Curve(1, 50'000);
  for (const int rows : {1, 2, 8})
    EXPECT_DOUBLE_EQ(CostToSession(rows, Rate(0.8), {&curve}), StepSoFar{&curve}.Cost(rows));
}

TEST(CostToSession, DraftsThatAreNotTakenUpCostWhatTheyBring) {
  const CostCurve curve = Curve(1, 50'000);
  const AcceptanceRate rate = Rate(0.8);
  const StepSoFar beside{&curve, 8, 8};
  const double one = CostToSession(1, rate, beside);
  EXPECT_DOUBLE_EQ(one, beside.Cost(1));
  for (const int rows : {2, 5, 16})
    EXPECT_NEAR(rate.ExpectedTokens(rows - 1) / CostToSession(rows, rate, beside), 1 / one, 1e-12)
        << "no more tokens a second than without drafts";
}

TEST(CostToSession, DraftsThatAreTakenUpCostTheirRows) {
  const CostCurve curve = Curve(50'000, 1);
  const StepSoFar beside{&curve, 8, 8};
  EXPECT_DOUBLE_EQ(CostToSession(5, Rate(0.8), beside), beside.Cost(5));
}

TEST(HoldingPays, WhenDraftsAreNearAndNotWhenTheyAreFar) {
  const CostCurve curve = Curve(45'000, 3'000);
  const AcceptanceRate rate = Rate(0.8);
  EXPECT_TRUE(HoldingPays({Micros{5'000}, 4}, rate, {&curve}));
  EXPECT_FALSE(HoldingPays({Micros{100'000}, 4}, rate, {&curve}));
  EXPECT_FALSE(HoldingPays({Micros{1'000'000'000}, 4}, rate, {&curve}));
}

TEST(HoldingPays, NeverForDraftsThatDoNotPay) {
  const CostCurve dear = Curve(1, 50'000);
  EXPECT_FALSE(HoldingPays({Micros{0}, 4}, Rate(0.8), {&dear}));
  const CostCurve curve = Curve(45'000, 3'000);
  EXPECT_FALSE(HoldingPays({Micros{0}, 0}, Rate(0.8), {&curve}));
}

}  // namespace
}  // namespace tandem
