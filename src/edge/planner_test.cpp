// How many drafts the planner holds worth their bytes. What its plans are worth is measured by
// lab/simulated_load_test.cpp.
#include "edge/planner.h"

#include <gtest/gtest.h>

#include <limits>

namespace tandem {
namespace {

constexpr double kUnknown = std::numeric_limits<double>::infinity();

TEST(Planner, TheFirstDraftIsAlwaysWorthItsBytes) {
  Planner planner(16);
  for (int i = 0; i < 300; ++i) planner.Judged(0, 0.1, false);
  EXPECT_EQ(planner.Worth(std::vector<double>{0.1, 0.1, 0.1}), 1) << "the second is hardly ever judged";
  EXPECT_EQ(planner.Worth({}), 0);
}

TEST(Planner, SureDraftsGoFurtherThanDoubtfulOnes) {
  const Planner planner(16);
  const std::vector<double> sure(32, 6.0), doubtful(32, 0.1), unknown(32, kUnknown);
  EXPECT_EQ(planner.Worth(sure), 32);
  EXPECT_LT(planner.Worth(doubtful), 5);
  EXPECT_GT(planner.Worth(unknown), planner.Worth(doubtful));
  EXPECT_LT(planner.Worth(unknown), 12) << "0.7^8 < 0.07";
}

// A close call is sent itself; what follows it is what gets too doubtful.
TEST(Planner, DoubtCountsAgainstWhatComesBehindIt) {
  const Planner planner(16);
  std::vector<double> margins(12, 6.0);
  for (const size_t at : {2, 3, 4}) margins[at] = 0.1;
  EXPECT_EQ(planner.Worth(margins), 5);
  margins[4] = 6.0;
  EXPECT_GT(planner.Worth(margins), 5);
}

}  // namespace
}  // namespace tandem
