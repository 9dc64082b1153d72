// Server-side speculation against what must come out of it by arithmetic.
#include "lab/server_speculation.h"

#include <gtest/gtest.h>

#include "lab/step_curve.h"

namespace tandem {
namespace {

ServerSpeculation Load(int clients, int32_t k, double acceptance) {
  ServerSpeculation load;
  load.clients = clients;
  load.tokens = 60;
  load.draft_length = k;
  load.acceptance = acceptance;
  load.step_costs = StepCosts({{1, Micros{10'000}}, {64, Micros{73'000}}});
  load.draft_costs = StepCosts({{1, Micros{1'000}}, {64, Micros{7'300}}});
  return load;
}

TEST(ServerSpeculation, WithoutDraftsIsStreaming) {
  const SimulatedFigures one = Simulate(Load(1, 0, 0.8)), eight = Simulate(Load(8, 0, 0.8));
  EXPECT_DOUBLE_EQ(one.ms_per_token, 10);
  EXPECT_DOUBLE_EQ(one.tokens_per_second, 100);
  EXPECT_DOUBLE_EQ(eight.ms_per_token, 17);
  EXPECT_DOUBLE_EQ(eight.server_us_per_token, 17'000.0 / 8);
  EXPECT_EQ(eight.acceptance, 0);
}

TEST(ServerSpeculation, WithDraftsAlwaysRightARoundBringsAllOfThem) {
  const SimulatedFigures figures = Simulate(Load(4, 3, 1));  // 16 rows, 3 drafts of 4 rows, 4 tokens each
  const double round_ms = 25 + 3 * 1.3;
  EXPECT_NEAR(figures.ms_per_token, round_ms / 4, 1e-9);
  EXPECT_NEAR(figures.tokens_per_second, 16 * 1000 / round_ms, 1e-9);
  EXPECT_EQ(figures.acceptance, 1);
}

TEST(ServerSpeculation, WithDraftsAlwaysWrongARoundBringsOneToken) {
  const SimulatedFigures figures = Simulate(Load(2, 4, 0));
  EXPECT_NEAR(figures.ms_per_token, 19 + 4 * 1.1, 1e-9);
  EXPECT_EQ(figures.acceptance, 0);
}

TEST(ServerSpeculation, SpeedAndServerTimeAreOneFigureForItNeverIdles) {
  for (const int32_t k : {0, 1, 4}) {
    const SimulatedFigures figures = Simulate(Load(5, k, 0.7));
    EXPECT_NEAR(figures.tokens_per_second * figures.server_us_per_token, 1e6, 1e-3);
  }
}

TEST(ServerSpeculation, IsAFunctionOfItsSeedAndKeepsTheAcceptance) {
  ServerSpeculation load = Load(16, 4, 0.7);
  load.tokens = 500;
  const SimulatedFigures a = Simulate(load), again = Simulate(load);
  EXPECT_EQ(a.ms_per_token, again.ms_per_token);
  EXPECT_NEAR(a.acceptance, 0.7, 0.02);
  load.seed = 2;
  EXPECT_NE(Simulate(load).ms_per_token, a.ms_per_token);
}

TEST(ServerSpeculation, TheBestLengthIsNoneWhereDraftsAreWrongAndLongWhereTheyAreRight) {
  constexpr int32_t kLengths[] = {0, 1, 2, 4, 8};
  EXPECT_EQ(BestDraftLength(Load(1, 0, 0.0), kLengths), 0);
  EXPECT_EQ(BestDraftLength(Load(1, 0, 1.0), kLengths), 8);
}

}  // namespace
}  // namespace tandem
