// The three schemes where arithmetic says which is which.
#include "lab/schemes.h"

#include <gtest/gtest.h>

#include "lab/step_curve.h"

namespace tandem {
namespace {

SchemeLoad Load(int clients, Micros rows_slope) {
  SchemeLoad load;
  load.clients = clients;
  load.step_costs = StepCosts({{1, Micros{40'000}}, {64, Micros{40'000} + 63 * rows_slope}});
  load.server_draft_costs = StepCosts({{1, Micros{1'000}}, {64, Micros{1'000} + 63 * rows_slope / 40}});
  return load;
}

TEST(Schemes, WhereARowCostsAStepNobodyDrafts) {
  const SchemeFigures figures = CompareSchemes(Load(4, Micros{40'000}));
  EXPECT_EQ(figures.k, 0);
  EXPECT_NEAR(figures.server.tokens_per_second / figures.cloud.tokens_per_second, 1, 0.05);
  EXPECT_NEAR(figures.ours.tokens_per_second / figures.cloud.tokens_per_second, 1, 0.05);
}

TEST(Schemes, WhereRowsAreFreeDraftsSaveServerTime) {
  const SchemeFigures figures = CompareSchemes(Load(4, Micros{0}));
  EXPECT_GT(figures.k, 2);
  EXPECT_LT(figures.server.server_us_per_token, 0.6 * figures.cloud.server_us_per_token);
  EXPECT_LT(figures.ours.server_us_per_token, 0.8 * figures.cloud.server_us_per_token);
}

}  // namespace
}  // namespace tandem
