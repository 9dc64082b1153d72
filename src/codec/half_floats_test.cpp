// Tests of half_floats: every half comes back, and rounding is to the nearest, ties to even, of all halves.
#include "codec/half_floats.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace tandem {
namespace {

// The value of a half by its definition.
double ValueOf(uint16_t half) {
  const int exponent = half >> 10 & 31, mantissa = half & 1023;
  const double magnitude =
      exponent == 0 ? std::ldexp(mantissa, -24) : std::ldexp(1024 + mantissa, exponent - 25);
  return (half & 0x8000) != 0 ? -magnitude : magnitude;
}

TEST(HalfFloats, EveryFiniteHalfComesBack) {
  for (uint32_t half = 0; half < 65536; ++half) {
    const auto h = static_cast<uint16_t>(half);
    if (!IsFiniteHalf(h)) continue;
    EXPECT_EQ(static_cast<double>(FromHalf(h)), ValueOf(h)) << half;
    EXPECT_EQ(ToHalf(FromHalf(h)), h) << half;
  }
}

TEST(HalfFloats, RoundsToTheNearestAndTiesToEven) {
  for (uint16_t half = 0; half < 0x7bff; ++half) {
    const float low = FromHalf(half), high = FromHalf(static_cast<uint16_t>(half + 1));
    const float middle = (low + high) / 2;  // exact: a float has bits to spare
    const uint16_t even = static_cast<uint16_t>(half + (half & 1));
    EXPECT_EQ(ToHalf(middle), even) << half;
    EXPECT_EQ(ToHalf(std::nextafter(middle, 0.0f)), half);
    EXPECT_EQ(ToHalf(std::nextafter(middle, 1e9f)), half + 1);
    EXPECT_EQ(ToHalf(-middle), even | 0x8000);
    EXPECT_EQ(ToHalfAtLeast(std::nextafter(low, 1e9f)), half + 1);
    EXPECT_EQ(ToHalfAtLeast(low), half);
  }
}

TEST(HalfFloats, TooLargeBecomesInfinite) {
  EXPECT_TRUE(IsFiniteHalf(ToHalf(65519.0f)));
  EXPECT_FALSE(IsFiniteHalf(ToHalf(65520.0f)));
  EXPECT_FALSE(IsFiniteHalf(ToHalf(1e30f)));
  EXPECT_FALSE(IsFiniteHalf(ToHalf(-1e30f)));
  EXPECT_FALSE(IsFiniteHalf(ToHalfAtLeast(65505.0f)));
  EXPECT_EQ(FromHalf(ToHalfAtLeast(1e-30f)), 0x1p-24f);
}

TEST(HalfFloats, Bf16IsTheNearestUpperHalf) {
  std::mt19937 random(1);
  for (int i = 0; i < 100000; ++i) {
    const float x = std::bit_cast<float>(static_cast<uint32_t>(random()));
    if (!std::isfinite(x) || !IsFiniteBf16(ToBf16(x))) continue;
    const float back = FromBf16(ToBf16(x));
    EXPECT_LE(std::fabs(back - x), std::max(std::fabs(x) / 256, 0x1p-133f)) << x;
    EXPECT_EQ(ToBf16(back), ToBf16(x));
  }
  EXPECT_EQ(FromBf16(ToBf16(1.00390625f)), 1.0f);  // a tie, to even
  EXPECT_FALSE(IsFiniteBf16(ToBf16(3.4e38f)));
}

}  // namespace
}  // namespace tandem
