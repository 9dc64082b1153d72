// Tests of link cuts.
#include "wire/link_cuts.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace tandem {
namespace {

constexpr LinkCuts kCuts{.every = Micros(20), .length = Micros(5)};  // [20, 25), [40, 45), ...

TEST(LinkCuts, NoneLeavesTimeAlone) {
  for (const LinkCuts& none : {LinkCuts{}, LinkCuts{.every = Micros(20)}, LinkCuts{.length = Micros(5)}}) {
    EXPECT_FALSE(none.Any());
    EXPECT_FALSE(none.Cut(Micros(22)));
    EXPECT_EQ(none.Begun(Micros(1000)), 0);
    EXPECT_EQ(none.Uptime(Micros(1000)), Micros(1000));
    EXPECT_EQ(none.TimeOf(Micros(1000)), Micros(1000));
  }
}

TEST(LinkCuts, BeginAndEnd) {
  const auto cut = [](int t) { return kCuts.Cut(Micros(t)); };
  EXPECT_FALSE(cut(0) || cut(19) || cut(25) || cut(39) || cut(45));
  EXPECT_TRUE(cut(20) && cut(24) && cut(40) && cut(44));
  EXPECT_EQ(kCuts.UpAgain(Micros(22)), Micros(25));
  EXPECT_EQ(kCuts.UpAgain(Micros(26)), Micros(26));
  EXPECT_EQ(kCuts.Begun(Micros(19)), 0);
  EXPECT_EQ(kCuts.Begun(Micros(20)), 1);
  EXPECT_EQ(kCuts.Begun(Micros(59)), 2);
}

TEST(LinkCuts, UptimeStandsStillInACut) {
  EXPECT_EQ(kCuts.Uptime(Micros(20)), Micros(20));
  EXPECT_EQ(kCuts.Uptime(Micros(24)), Micros(20));
  EXPECT_EQ(kCuts.Uptime(Micros(26)), Micros(21));
  EXPECT_EQ(kCuts.Uptime(Micros(46)), Micros(36));
  EXPECT_EQ(kCuts.TimeOf(Micros(19)), Micros(19));
  EXPECT_EQ(kCuts.TimeOf(Micros(20)), Micros(25));  // not inside the cut
  EXPECT_EQ(kCuts.TimeOf(Micros(35)), Micros(45));
}

RC_GTEST_PROP(LinkCuts, TimeOfIsTheFirstMomentOfAnUptime, ()) {
  const Micros every(*rc::gen::inRange(2, 1000));
  const LinkCuts cuts{.every = every, .length = Micros(*rc::gen::inRange<int64_t>(1, every.count()))};
  const Micros t(*rc::gen::inRange(0, 100'000));
  RC_ASSERT(cuts.TimeOf(cuts.Uptime(t)) == cuts.UpAgain(t));
  const Micros up(*rc::gen::inRange(0, 100'000));
  RC_ASSERT(cuts.Uptime(cuts.TimeOf(up)) == up);
  RC_ASSERT(!cuts.Cut(cuts.TimeOf(up)));
  RC_ASSERT(cuts.Uptime(t + Micros(1)) - cuts.Uptime(t) == Micros(cuts.Cut(t) ? 0 : 1));
}

}  // namespace
}  // namespace tandem
