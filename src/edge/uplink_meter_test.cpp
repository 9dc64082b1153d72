// A line's rate is read from when frames left and how far apart they came, whether it kept up or not.
#include "edge/uplink_meter.h"

#include <gtest/gtest.h>

#include "wire/link_shape.h"

namespace tandem {
namespace {

constexpr Micros kNoise{500};

// Sends `count` frames of `bytes`, one each `every`, behind a first of 200 bytes, through the law that shapes
// links, and measures.
std::optional<double> Measured(double bps, size_t bytes, int count, Micros every, Micros rtt) {
  ShapedPipe line({.rtt = rtt, .rates = {.up_bps = bps}}, Direction::kUp);
  UplinkMeter meter;
  Micros now{1'000'000};
  meter.Begin(now, 200);
  const Micros first = line.DeliverAt(200, now);
  Micros last = first;
  for (int i = 0; i < count; ++i) {
    now += every;
    meter.Sent(now, bytes);
    last = line.DeliverAt(bytes, now);
  }
  return meter.Rate(last - first, kNoise);
}

TEST(UplinkMeter, ReadsALineThatIsTooSlowForItsFrames) {
  const auto rate = Measured(1e6, 37'000, 4, Micros{20'000}, Micros{30'000});
  ASSERT_TRUE(rate);
  EXPECT_NEAR(*rate, 0.125, 0.002);
}

TEST(UplinkMeter, ReadsALineThatKeepsUp) {
  const auto rate = Measured(10e6, 10'000, 4, Micros{20'000}, Micros{30'000});  // 8 ms each
  ASSERT_TRUE(rate);
  EXPECT_NEAR(*rate, 1.25, 0.05);
}

TEST(UplinkMeter, SaysNothingOfALineThatWasNeverInTheWay) {
  EXPECT_FALSE(Measured(0, 37'000, 4, Micros{20'000}, Micros{30'000}));
  EXPECT_FALSE(Measured(10e9, 37'000, 4, Micros{20'000}, Micros{30'000}));
}

TEST(UplinkMeter, SaysNothingOfOneFrame) {
  UplinkMeter meter;
  meter.Begin(Micros{0}, 100);
  EXPECT_FALSE(meter.Rate(Micros{1'000'000}, kNoise));
}

TEST(UplinkMeter, BoundsWhatAPeerMakesUp) {
  UplinkMeter meter;
  meter.Begin(Micros{0}, 100);
  meter.Sent(Micros{0}, 100);
  const auto rate = meter.Rate(Micros{int64_t{1} << 40}, kNoise);
  ASSERT_TRUE(rate);
  EXPECT_GT(*rate, 0);
}

}  // namespace
}  // namespace tandem
