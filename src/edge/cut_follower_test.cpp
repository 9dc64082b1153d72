// The cut follows load on either side, the line and the battery; it stays where moving does not pay.
#include "edge/cut_follower.h"

#include <gtest/gtest.h>

namespace tandem {
namespace {

HalfTimes Half(double row_us) {
  return {.row_us = row_us, .tail_us = 2 * row_us, .block_us = 3 * row_us};
}

// Six layers of 1 ms here and 1 ms there, and a head of 0.5 ms there.
CutPlan Plan() {
  CutPlan plan{6, {}};
  for (const int begin : {0, 1, 3, 6}) {
    const CodecAtCut fine{"f16", {.prompt_bytes = 576, .row_bytes = 577}, 0};
    const CodecAtCut coarse{"int4/token", {.prompt_bytes = 150, .row_bytes = 150}, 0.01};
    plan.cuts.push_back({{begin, Half(1000.0 * begin), Half(1000.0 * (6 - begin) + 500)}, {fine, coarse}});
  }
  return plan;
}

CutFollower Follower(int begin, double max_dppl, double weight = 0, bool timed = true) {
  return CutFollower({.plan = Plan(),
                      .timed = timed,
                      .max_dppl = max_dppl,
                      .max_tokens = 1000,
                      .begin = begin,
                      .codec = "f16"},
                     [weight] { return weight; });
}

// As planned, but for what a test changes.
CutFacts Facts(uint64_t tokens, int begin) {
  CutFacts facts;
  facts.tokens = tokens;
  facts.length = static_cast<Pos>(64 + tokens);
  facts.front_us = 1000.0 * begin;
  facts.front_rows = 1;
  facts.cloud_row_us = 1000.0 * (6 - begin) + 500;
  facts.away_us = 10'000 + facts.front_us;
  facts.sessions = 1;
  return facts;
}

TEST(CutFollower, StaysWhereBothSidesAreAsPlanned) {
  CutFollower follower = Follower(3, 0);
  for (uint64_t t = 1; t < 200; ++t) EXPECT_FALSE(follower.Next(Facts(t, 3))) << t;
}

TEST(CutFollower, ABusyEdgeGivesItsLayersAway) {
  CutFollower follower = Follower(3, 0);
  CutFacts facts = Facts(20, 3);
  facts.front_us *= 4;
  facts.away_us = 10'000 + facts.front_us;
  const auto moved = follower.Next(facts);
  ASSERT_TRUE(moved);
  EXPECT_EQ(moved->begin, 0);
  EXPECT_EQ(moved->codec, "f16");
}

// No layer is left here to be seen, so after a while the edge is taken to be idle again.
TEST(CutFollower, AnEdgeThatWasBusyGetsItsLayersBack) {
  CutFollower follower = Follower(6, 0);
  CutFacts busy = Facts(20, 6);
  busy.front_us *= 4;
  busy.cloud_row_us = 600;  // the cloud's head is a fifth slower than planned
  auto moved = follower.Next(busy);
  ASSERT_TRUE(moved);
  EXPECT_EQ(moved->begin, 0);
  CutFacts away = Facts(21, 0);
  away.cloud_row_us *= 1.2;
  uint64_t back_at = 0;
  for (uint64_t t = 21; t < 200 && back_at == 0; ++t) {
    away.tokens = t;
    moved = follower.Next(away);
    if (moved) back_at = t;
  }
  EXPECT_EQ(back_at, 20 + CutFollower::kForgets);
  EXPECT_EQ(moved->begin, 6);
}

// What the codec takes is not the layers' load.
TEST(CutFollower, ACodecThatTakesLongIsNoLoad) {
  CutFollowing following{
      .plan = Plan(), .timed = true, .max_dppl = 0, .max_tokens = 1000, .begin = 1, .codec = "f16"};
  for (PlannedCut& cut : following.plan.cuts) {
    for (CodecAtCut& codec : cut.codecs) codec.cost.encode_us = codec.cost.decode_us = 2000;
  }
  CutFollower follower(std::move(following), nullptr);
  for (uint64_t t = 1; t < 200; ++t) {
    CutFacts facts = Facts(t, 1);
    facts.front_us += 2000;
    facts.away_us += 2000;
    EXPECT_FALSE(follower.Next(facts)) << t;
  }
}

TEST(CutFollower, ABusyCloudGivesItsLayersBack) {
  CutFollower follower = Follower(1, 0);
  CutFacts facts = Facts(20, 1);
  facts.cloud_row_us *= 5;
  const auto moved = follower.Next(facts);
  ASSERT_TRUE(moved);
  EXPECT_EQ(moved->begin, 6);
}

TEST(CutFollower, ASlowLineTakesTheShorterCodecIfTheBoundPermits) {
  CutFacts facts = Facts(20, 3);
  facts.up_bytes_per_us = 0.02;  // 160 kbit/s: 29 ms a row in f16
  CutFollower strict = Follower(3, 0.005);
  EXPECT_FALSE(strict.Next(facts));
  CutFollower loose = Follower(3, 0.02);
  const auto moved = loose.Next(facts);
  ASSERT_TRUE(moved);
  EXPECT_EQ(moved->codec, "int4/token");
}

TEST(CutFollower, ALineThatGetsSlowerIsSeenInTheRoundTrips) {
  CutFollower follower = Follower(3, 0.02);
  for (uint64_t t = 1; t < 20; ++t) ASSERT_FALSE(follower.Next(Facts(t, 3)));
  CutFacts facts = Facts(20, 3);
  facts.away_us += 30'000;
  const auto moved = follower.Next(facts);
  ASSERT_TRUE(moved);
  EXPECT_EQ(moved->codec, "int4/token");
}

TEST(CutFollower, AWeakBatteryGivesLayersAway) {
  CutFollower follower = Follower(3, 0, 2.0);
  const auto moved = follower.Next(Facts(20, 3));
  ASSERT_TRUE(moved);
  EXPECT_EQ(moved->begin, 0);
}

TEST(CutFollower, MovesOnlyWhereTheRestOfTheTextPaysForIt) {
  CutFollower follower = Follower(3, 0);
  CutFacts facts = Facts(20, 3);
  facts.front_us *= 4;
  facts.load_us = 20e6;  // 9 ms a token saved, 980 tokens to come
  EXPECT_FALSE(follower.Next(facts));
  facts.load_us = 2e6;
  EXPECT_TRUE(follower.Next(facts));
}

TEST(CutFollower, DoesNotMoveAgainAtOnce) {
  CutFollower follower = Follower(3, 0);
  CutFacts facts = Facts(20, 3);
  facts.front_us *= 4;
  ASSERT_TRUE(follower.Next(facts));
  CutFacts busy = Facts(21, 0);
  busy.front_rows = 0;
  busy.cloud_row_us *= 50;
  EXPECT_FALSE(follower.Next(busy));
  busy.tokens = 20 + CutFollower::kLeastTokens;
  EXPECT_TRUE(follower.Next(busy));
}

TEST(CutFollower, WithGuessedTimesItWaitsUntilItHasSeenBothSides) {
  CutFollower follower = Follower(3, 0, 0, false);
  CutFacts facts = Facts(20, 3);
  facts.front_us *= 4;
  facts.cloud_row_us = 0;
  EXPECT_FALSE(follower.Next(facts));
  facts.cloud_row_us = 3500;
  EXPECT_TRUE(follower.Next(facts));
}

}  // namespace
}  // namespace tandem
