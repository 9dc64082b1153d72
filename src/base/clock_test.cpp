// Tests of clock.
#include "base/clock.h"

#include <gtest/gtest.h>

namespace tandem {
namespace {

TEST(Clock, AVirtualClockStandsStillAndNeverGoesBack) {
  VirtualClock clock;
  EXPECT_EQ(clock.Now(), Micros(0));
  clock.AdvanceTo(Micros(1500));
  EXPECT_EQ(clock.Now(), Micros(1500));
  clock.AdvanceTo(Micros(1000));
  EXPECT_EQ(clock.Now(), Micros(1500));
  EXPECT_DOUBLE_EQ(ToMs(clock.Now()), 1.5);
}

TEST(Clock, TheSteadyClockNeverDecreases) {
  const SteadyClock clock;
  Micros last = clock.Now();
  for (int i = 0; i < 1000; ++i) {
    const Micros now = clock.Now();
    ASSERT_GE(now, last);
    last = now;
  }
}

}  // namespace
}  // namespace tandem
