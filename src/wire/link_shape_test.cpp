// Tests of link shape.
#include "wire/link_shape.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

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

TEST(WebSocketBytes, FollowsTheRfc) {
  EXPECT_EQ(WebSocketBytes(0, Direction::kUp), 6u);
  EXPECT_EQ(WebSocketBytes(125, Direction::kDown), 127u);
  EXPECT_EQ(WebSocketBytes(126, Direction::kUp), 126u + 8);
  EXPECT_EQ(WebSocketBytes(65536, Direction::kDown), 65536u + 10);
}

}  // namespace
}  // namespace tandem
