// Delays grow, jitter, end; the text's growth starts them anew.
#include "edge/backoff.h"

#include <gtest/gtest.h>

#include <set>

namespace tandem {
namespace {

constexpr Micros kMinute{60'000'000};

TEST(Backoff, DelaysGrowToACeilingUntilPatienceEnds) {
  Backoff backoff(kMinute, 1);
  Micros now{1'000'000};
  int tries = 0;
  while (const std::optional<Micros> next = backoff.Lost(now, Micros{0})) {
    const Micros delay = *next - now;
    EXPECT_GE(delay, Micros{0});
    EXPECT_LE(delay, Micros{5'000'000});
    const bool last = *next == Micros{1'000'000} + kMinute;
    const Micros step = std::max(Micros{100'000}, backoff.Away(now) / 32);
    EXPECT_TRUE(last || (delay <= step && delay >= step / 2)) << delay.count();
    EXPECT_LE(*next, Micros{1'000'000} + kMinute);
    now = *next;
    ++tries;
  }
  EXPECT_EQ(now, Micros{1'000'000} + kMinute);  // the last try is at the very end
  EXPECT_GT(tries, 60);
  EXPECT_LT(tries, 250) << "every edge of a cloud that restarts tries so often";
  EXPECT_EQ(backoff.Away(now), kMinute);
}

TEST(Backoff, TheCloudsHintIsHeededWithinPatience) {
  Backoff backoff(kMinute, 1);
  EXPECT_EQ(backoff.Lost(Micros{0}, Micros{9'000'000}), Micros{9'000'000});
  EXPECT_EQ(backoff.Lost(Micros{10'000'000}, Micros{900'000'000}), kMinute);
}

TEST(Backoff, JitterIsTheSeedsAndDiffersBetweenSeeds) {
  std::set<Micros> delays;
  for (uint64_t seed = 0; seed < 20; ++seed) {
    Backoff one(kMinute, seed), same(kMinute, seed);
    const std::optional<Micros> delay = one.Lost(Micros{0}, Micros{0});
    EXPECT_EQ(delay, same.Lost(Micros{0}, Micros{0}));
    delays.insert(*delay);
  }
  EXPECT_GT(delays.size(), 15u);
}

TEST(Backoff, EveryOtherCloudIsTriedAtOnce) {
  Backoff three(kMinute, 1, 3), one(kMinute, 1);
  EXPECT_EQ(three.Lost(Micros{5}, Micros{9'000'000}), Micros{5});  // the hint is of the cloud that was lost
  EXPECT_EQ(three.Lost(Micros{6}, Micros{0}), Micros{6});
  EXPECT_EQ(three.Lost(Micros{7}, Micros{0}), one.Lost(Micros{7}, Micros{0}));
  three.Restored();
  EXPECT_EQ(three.Lost(Micros{8}, Micros{0}), Micros{8});
}

TEST(Backoff, WithoutPatienceTheOtherCloudsAreTriedOnce) {
  Backoff hurried(Micros{0}, 1, 3);
  EXPECT_EQ(hurried.Lost(Micros{5}, Micros{0}), Micros{5});
  EXPECT_EQ(hurried.Lost(Micros{6}, Micros{0}), Micros{6});
  EXPECT_EQ(hurried.Lost(Micros{7}, Micros{0}), std::nullopt);
}

TEST(Backoff, RestoredForgetsTheLoss) {
  Backoff backoff(kMinute, 1);
  const std::optional<Micros> first = backoff.Lost(Micros{0}, Micros{0});
  for (int i = 0; i < 8; ++i) backoff.Lost(Micros{i * 1'000'000}, Micros{0});
  backoff.Restored();
  EXPECT_EQ(backoff.Away(Micros{70'000'000}), Micros{0});
  EXPECT_EQ(backoff.Lost(Micros{70'000'000}, Micros{0}), Micros{70'000'000} + *first);
}

TEST(Backoff, WithoutPatienceNothingIsTriedAgain) {
  Backoff backoff(Micros{0}, 1);
  EXPECT_EQ(backoff.Lost(Micros{5}, Micros{0}), std::nullopt);
}

}  // namespace
}  // namespace tandem
