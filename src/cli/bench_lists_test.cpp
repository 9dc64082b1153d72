// Lists of modes, draft lengths and round trips, and what is none.
#include "cli/bench_lists.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tandem {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(BenchLists, ModesWithADraftLengthComeOncePerLength) {
  EXPECT_THAT(*ParseContenders("cloud,sync,auto,sync", "2,4,2"),
              ElementsAre(Contender{Mode::kCloud, 0}, Contender{Mode::kSync, 2}, Contender{Mode::kSync, 4},
                          Contender{Mode::kAuto, 0}));
  EXPECT_EQ(ContenderName({Mode::kSync, 4}), "sync k=4");
  EXPECT_EQ(ContenderName({Mode::kCloud, 0}), "cloud");
}

TEST(BenchLists, ModesThatMakeNoSenseAreRefused) {
  const auto refused = [](const char* modes, const char* ks) {
    const auto contenders = ParseContenders(modes, ks);
    return contenders ? "(accepted)" : contenders.error().message;
  };
  EXPECT_THAT(refused("auto", "2"), HasSubstr("lacks cloud"));
  EXPECT_THAT(refused("", "2"), HasSubstr("--modes has ''"));
  EXPECT_THAT(refused("cloud,", "2"), HasSubstr("--modes has ''"));
  EXPECT_THAT(refused("cloud,fast", "2"), HasSubstr("'fast'"));
  for (const char* ks : {"", "0", "65", "2,,4", "x", "-1", "99999999999999999999"})
    EXPECT_THAT(refused("cloud", ks), HasSubstr("--k has '")) << ks;
}

TEST(BenchLists, RoundTripsAreMillisecondsOrTimes) {
  EXPECT_THAT(*ParseRoundTrips("0,10,2.5,1s,10ms,10"),
              ElementsAre(Micros{0}, Micros{10'000}, Micros{2'500}, Micros{1'000'000}));
  for (const char* list : {"", "0,", "x", "-1", "60001", "61s", "nan", "inf", "1e9"}) {
    const auto times = ParseRoundTrips(list);
    ASSERT_FALSE(times) << list;
    EXPECT_EQ(times.error().code, ErrorCode::kUsage);
  }
}

}  // namespace
}  // namespace tandem
