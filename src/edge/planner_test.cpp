// How many drafts the planner holds worth their bytes. What its plans are worth is measured by
// lab/simulated_load_test.cpp.
#include "edge/planner.h"

#include <gtest/gtest.h>

#include <limits>

namespace tandem {
namespace {

constexpr double kUnknown = std::numeric_limits<double>::infinity();

TEST(Planner, TheFirstDraftIsWorthItsBytesWhateverItsChanceWhereRowsAreFree) {
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

TEST(Planner, PredictsTheCloudAloneWhereThereAreNoDrafts) {
  Planner planner(16);
  planner.Draft(Micros{1});
  planner.RoundTrip(Micros{1'000});
  planner.CloudCosts({{40'000, 41'000, 42'000, 43'000, 44'000, 45'000}});
  for (int i = 0; i < 100; ++i) planner.Judged(i % 3, kUnknown, true);
  const double always = planner.Now(64).us_per_token;
  EXPECT_LT(always, 20'000);
  for (int i = 0; i < 400; ++i) planner.Met(i % 2 == 0);
  EXPECT_NEAR(planner.Now(64).us_per_token, (always + 40'000) / 2, 1'000);
  EXPECT_TRUE(planner.Now(64).drafts) << "where there are some, they pay as before";
}

// Who pays half a step for a row does not take up a draft that stands one time in three.
TEST(Planner, ADraftBelowTheCostOfItsRowEndsWhatIsSent) {
  Planner planner(16);
  const std::vector<double> margins = {6.0, 6.0, 0.1, 6.0};
  EXPECT_EQ(planner.Worth(margins), 4) << "no costs are known";
  planner.CloudCosts({{40'000, 44'000, 48'000}});
  EXPECT_EQ(planner.Worth(margins), 4) << "a row is a tenth of a step";
  planner.CloudCosts({{40'000, 62'000, 84'000}});
  EXPECT_EQ(planner.Worth(margins), 2);
  EXPECT_EQ(planner.Worth(std::vector<double>{0.1}), 0);
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
