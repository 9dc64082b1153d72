// Tests of link shape.
#include "wire/link_shape.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <vector>

namespace tandem {
namespace {

TEST(ParseDuration, ReadsTimes) {
  EXPECT_EQ(*ParseDuration("20ms"), Micros(20'000));
  EXPECT_EQ(*ParseDuration("1.5s"), Micros(1'500'000));
  EXPECT_EQ(*ParseDuration("200US"), Micros(200));
  EXPECT_EQ(*ParseDuration("0"), Micros(0));
  for (const char* text :
       {"", "20", "ms", "-1ms", "20 ms", "20m", "1e3ms", "nanms", "infs", "9999999s", "0x10ms", " 1ms"}) {
    ASSERT_FALSE(ParseDuration(text)) << text;
    EXPECT_EQ(ParseDuration(text).error().code, ErrorCode::kUsage);
  }
}

TEST(ParseRates, ReadsOneOrTwo) {
  EXPECT_EQ(*ParseRates("10mbit"), (LinkRates{10e6, 10e6}));
  EXPECT_EQ(*ParseRates("10mbit/1.5Mbit"), (LinkRates{10e6, 1.5e6}));
  EXPECT_EQ(*ParseRates("1gbit/56kbit"), (LinkRates{1e9, 56e3}));
  for (const char* text :
       {"", "10", "10mb", "/1mbit", "1mbit/", "1mbit/2mbit/3mbit", "0mbit", "10bit", "-1mbit", "9999gbit"}) {
    ASSERT_FALSE(ParseRates(text)) << text;
    EXPECT_EQ(ParseRates(text).error().code, ErrorCode::kUsage);
  }
}

TEST(ParseLoss, ReadsParts) {
  EXPECT_DOUBLE_EQ(*ParseLoss("1%"), 0.01);
  EXPECT_DOUBLE_EQ(*ParseLoss("0.5%"), 0.005);
  EXPECT_DOUBLE_EQ(*ParseLoss("50%"), kMaxLoss);
  EXPECT_DOUBLE_EQ(*ParseLoss("0"), 0.0);
  for (const char* text : {"", "1", "0.01", "51%", "-1%", "1 %", "1%%", "nan%", "%"}) {
    ASSERT_FALSE(ParseLoss(text)) << text;
    EXPECT_EQ(ParseLoss(text).error().code, ErrorCode::kUsage);
  }
}

TEST(ShapedPipe, NoShapeNoDelay) {
  EXPECT_FALSE(LinkShape{}.Changes());
  ShapedPipe pipe({}, Direction::kUp);
  EXPECT_EQ(pipe.DeliverAt(1 << 20, Micros(5)), Micros(5));
}

TEST(ShapedPipe, HalfARoundTripEachWay) {
  for (const Direction direction : {Direction::kUp, Direction::kDown}) {
    ShapedPipe pipe({.rtt = Micros(20'000)}, direction);
    EXPECT_EQ(pipe.DeliverAt(1000, Micros(0)), Micros(10'000));
    EXPECT_EQ(pipe.DeliverAt(1000, Micros(1)), Micros(10'001));
  }
}

TEST(ShapedPipe, EachDirectionHasItsRate) {
  const LinkShape shape{.rtt = Micros(2000),
                        .rates = {.down_bps = 8e6, .up_bps = 8e5}};  // 1 and 10 us a byte
  ShapedPipe up(shape, Direction::kUp), down(shape, Direction::kDown);
  EXPECT_EQ(up.DeliverAt(100, Micros(0)), Micros(1000 + 1000));
  EXPECT_EQ(down.DeliverAt(100, Micros(0)), Micros(100 + 1000));
}

TEST(ShapedPipe, MessagesQueueForTheLineAndNotForTheDelay) {
  ShapedPipe pipe({.rtt = Micros(20'000), .rates = {8e6, 8e6}}, Direction::kUp);
  EXPECT_EQ(pipe.DeliverAt(500, Micros(0)), Micros(10'500));
  EXPECT_EQ(pipe.DeliverAt(500, Micros(0)), Micros(11'000));     // behind the first
  EXPECT_EQ(pipe.DeliverAt(500, Micros(5000)), Micros(15'500));  // the line is free again
}

RC_GTEST_PROP(ShapedPipe, KeepsOrderAndBounds, (uint64_t seed)) {
  const LinkShape shape{.rtt = Micros(*rc::gen::inRange(0, 100'000)),
                        .jitter = Micros(*rc::gen::inRange(0, 50'000)),
                        .rates = {.down_bps = 1e6, .up_bps = *rc::gen::element(0.0, 1e5, 1e9)},
                        .seed = seed};
  ShapedPipe pipe(shape, Direction::kUp), again(shape, Direction::kUp);
  Micros now{0}, last{0};
  double line_us = 0;
  for (int i = 0; i < 50; ++i) {
    const size_t bytes = *rc::gen::inRange<size_t>(0, 3000);
    now += Micros(*rc::gen::inRange(0, 20'000));
    const Micros at = pipe.DeliverAt(bytes, now);
    line_us = std::max(line_us, static_cast<double>(now.count()));
    if (shape.rates.up_bps > 0) line_us += static_cast<double>(bytes) * 8e6 / shape.rates.up_bps;
    const double earliest = line_us + static_cast<double>(shape.rtt.count()) / 2;
    RC_ASSERT(at >= last);
    RC_ASSERT(static_cast<double>(at.count()) >= earliest - 0.01);
    // Never later than the worst jitter of its own, or than the one before it.
    RC_ASSERT(at == last ||
              static_cast<double>(at.count()) <= earliest + static_cast<double>(shape.jitter.count()) + 1);
    RC_ASSERT(again.DeliverAt(bytes, now) == at);
    last = at;
  }
}

TEST(ShapedPipe, JitterFollowsItsSeed) {
  const auto arrivals = [](uint64_t seed, Direction direction) {
    ShapedPipe pipe({.jitter = Micros(10'000), .seed = seed}, direction);
    std::vector<Micros> late;
    for (int i = 0; i < 100; ++i)
      late.push_back(pipe.DeliverAt(1, Micros(i * 100'000)) - Micros(i * 100'000));
    return late;
  };
  EXPECT_EQ(arrivals(1, Direction::kUp), arrivals(1, Direction::kUp));
  EXPECT_NE(arrivals(1, Direction::kUp), arrivals(2, Direction::kUp));
  EXPECT_NE(arrivals(1, Direction::kUp), arrivals(1, Direction::kDown));
  Micros sum{0};
  for (const Micros late : arrivals(1, Direction::kUp)) sum += late;
  EXPECT_NEAR(static_cast<double>(sum.count()) / 100, 5000, 1000);  // 3.5 standard errors
}

// ---- Loss ----

// What each of so many lone segments, sent far apart, was late by beyond half the round trip.
std::vector<Micros> Lateness(const LinkShape& shape, int count, const LinkUse& use = {}) {
  ShapedPipe pipe(shape, Direction::kUp, use);
  std::vector<Micros> late;
  for (int i = 0; i < count; ++i) {
    const Micros now(int64_t{i} * 3600'000'000);
    late.push_back(pipe.DeliverAt(100, now) - now - shape.rtt / 2);
  }
  return late;
}

TEST(ShapedPipeLoss, ALoneSegmentWaitsOutTimeoutsThatDouble) {
  const std::vector<Micros> late = Lateness({.rtt = Micros(60'000), .loss = 0.5, .seed = 3}, 4000);
  // Lost once, twice, ... in a row: half as often each time.
  int expected = 2000;
  for (const int64_t stall : {0, 260'000, 780'000, 1'820'000}) {
    EXPECT_NEAR(std::count(late.begin(), late.end(), Micros(stall)), expected, 150) << stall;
    expected /= 2;
  }
}

TEST(ShapedPipeLoss, TimeoutsDoNotGrowPastAMinute) {
  const std::vector<Micros> late = Lateness({.loss = 0.5, .seed = 9}, 20'000);
  const Micros worst = *std::max_element(late.begin(), late.end());  // lost 13 times or so
  EXPECT_GT(worst, Micros(102'200'000));                             // 0.2 s doubled nine times
  EXPECT_EQ((worst - Micros(102'200'000)) % Micros(60'000'000), Micros(0));
}

TEST(ShapedPipeLoss, ItsShareIsTheOneAskedFor) {
  const std::vector<Micros> late = Lateness({.loss = 0.01, .seed = 1}, 100'000);
  const auto lost = late.size() - static_cast<size_t>(std::count(late.begin(), late.end(), Micros(0)));
  EXPECT_NEAR(static_cast<double>(lost), 1000, 110);  // 3.5 standard errors
}

TEST(ShapedPipeLoss, WhatFollowsMakesItShort) {
  // The first of many segments that is lost alone costs one round trip.
  const LinkShape shape{.rtt = Micros(60'000), .loss = 0.02, .seed = 5};
  int fast = 0;
  for (uint32_t connection = 0; connection < 400; ++connection) {
    ShapedPipe pipe(shape, Direction::kDown, {.connection = connection});
    const Micros at = pipe.SegmentAt(kSegmentBytes, 3, Micros(0));
    if (pipe.stalls() == 1 && at == Micros(90'000)) ++fast;
    ShapedPipe tail(shape, Direction::kDown, {.connection = connection});
    EXPECT_EQ(tail.SegmentAt(kSegmentBytes, 2, Micros(0)) >= Micros(290'000), pipe.stalls() == 1);
  }
  EXPECT_NEAR(fast, 8, 7);
}

TEST(ShapedPipeLoss, EverySegmentOfAMessageTakesItsChance) {
  const LinkShape shape{.loss = 0.1, .seed = 2};
  ShapedPipe pipe(shape, Direction::kUp);
  pipe.DeliverAt(1000 * kSegmentBytes, Micros(0));
  EXPECT_NEAR(static_cast<double>(pipe.stalls()), 100, 33);
  ShapedPipe one(shape, Direction::kUp);
  for (int i = 0; i < 10; ++i) one.DeliverAt(kSegmentBytes, Micros(0));
  EXPECT_LE(one.stalls(), 10u);
}

TEST(ShapedPipeLoss, NothingOvertakesALostSegment) {
  const LinkShape shape{.rtt = Micros(20'000), .loss = 0.3, .seed = 4};
  ShapedPipe pipe(shape, Direction::kUp);
  Micros last{0};
  int waited = 0;
  for (int i = 0; i < 1000; ++i) {
    const Micros now(i * 1000), at = pipe.DeliverAt(10, now);
    EXPECT_GE(at, last);
    waited += at == last ? 1 : 0;
    last = at;
  }
  EXPECT_GT(waited, 500);  // behind somebody else's stall
}

TEST(ShapedPipeLoss, ItsFateFollowsSeedConnectionAndDirection) {
  const LinkShape shape{.jitter = Micros(1000), .loss = 0.2, .seed = 1};
  LinkShape other = shape;
  other.seed = (uint64_t{1} << 32) + 1;
  EXPECT_EQ(Lateness(shape, 50), Lateness(shape, 50));
  EXPECT_NE(Lateness(shape, 50), Lateness(other, 50));
  EXPECT_NE(Lateness(shape, 50), Lateness(shape, 50, {.connection = 1}));
}

RC_GTEST_PROP(ShapedPipeLoss, OrderAndRateAreKept, (uint64_t seed)) {
  const LinkShape shape{
      .rtt = Micros(*rc::gen::inRange(0, 100'000)),
      .jitter = Micros(*rc::gen::inRange(0, 20'000)),
      .rates = {.down_bps = *rc::gen::element(1e5, 1e7), .up_bps = 1e6},
      .loss = *rc::gen::element(0.0, 0.01, 0.3),
      .cuts = {.every = Micros(2'000'000), .length = *rc::gen::element(Micros(0), Micros(500'000))},
      .seed = seed};
  ShapedPipe pipe(shape, Direction::kDown);
  Micros now{0}, last{0}, first{-1};
  double bytes_sum = 0;
  for (int i = 0; i < 40; ++i) {
    now += Micros(*rc::gen::inRange(0, 30'000));
    if (first < Micros(0)) first = now;
    const size_t bytes = *rc::gen::inRange<size_t>(1, 5000);
    bytes_sum += static_cast<double>(bytes);
    const Micros at = pipe.DeliverAt(bytes, now);
    RC_ASSERT(at >= last);
    RC_ASSERT(at >= now + shape.rtt / 2);
    RC_ASSERT(!shape.cuts.Cut(at));
    const double up_us = static_cast<double>((shape.cuts.Uptime(at) - shape.cuts.Uptime(first)).count());
    RC_ASSERT(bytes_sum * 8 <= shape.rates.down_bps * (up_us + 1) / 1e6);
    last = at;
  }
}

// ---- Cuts ----

TEST(ShapedPipeCuts, WhatIsUnderWayStandsStillAndGoesOn) {
  const LinkShape shape{.rtt = Micros(200'000),
                        .cuts = {.every = Micros(20'000'000), .length = Micros(5'000'000)}};
  EXPECT_TRUE((LinkShape{.cuts = shape.cuts}).Changes());
  const auto arrival = [&](int64_t sent_us) {
    return ShapedPipe(shape, Direction::kUp).DeliverAt(10, Micros(sent_us));
  };
  EXPECT_EQ(arrival(19'000'000), Micros(19'100'000));
  EXPECT_EQ(arrival(19'950'000), Micros(25'050'000));  // half way when the link was cut
  EXPECT_EQ(arrival(21'000'000), Micros(25'100'000));
  EXPECT_EQ(arrival(25'000'000), Micros(25'100'000));
}

TEST(ShapedPipeCuts, AreCountedFromTheLinksStart) {
  const LinkShape shape{.cuts = {.every = Micros(20'000'000), .length = Micros(5'000'000)}};
  ShapedPipe pipe(shape, Direction::kUp, {.start = Micros(100'000'000)});
  EXPECT_EQ(pipe.DeliverAt(10, Micros(102'000'000)), Micros(102'000'000));
  EXPECT_EQ(pipe.DeliverAt(10, Micros(121'000'000)), Micros(125'000'000));
}

TEST(ShapedPipeCuts, TheLineCarriesNothingMeanwhile) {
  const LinkShape shape{.rates = {.down_bps = 8e3, .up_bps = 8e3},  // 1 ms a byte
                        .cuts = {.every = Micros(1'000'000), .length = Micros(400'000)}};
  ShapedPipe pipe(shape, Direction::kUp);
  EXPECT_EQ(pipe.DeliverAt(1100, Micros(0)), Micros(1'500'000));
  EXPECT_EQ(pipe.DeliverAt(600, Micros(0)), Micros(2'500'000));  // 500 ms, the second cut, 100 ms
}

TEST(WebSocketBytes, FollowsTheRfc) {
  EXPECT_EQ(WebSocketBytes(0, Direction::kUp), 6u);
  EXPECT_EQ(WebSocketBytes(125, Direction::kDown), 127u);
  EXPECT_EQ(WebSocketBytes(126, Direction::kUp), 126u + 8);
  EXPECT_EQ(WebSocketBytes(65536, Direction::kDown), 65536u + 10);
}

}  // namespace
}  // namespace tandem
