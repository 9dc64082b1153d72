// float to f16 (IEEE 754 binary16) and bf16 (the upper half of a float) and back, without the CPU's
// conversion instructions: plain integer steps that compilers vectorise, the same bits on every machine.
// Rounding is to nearest, ties to even; what is too large becomes infinite, so callers check IsFiniteHalf or
// IsFiniteBf16.
#pragma once

#include <bit>
#include <cstdint>

namespace tandem {

constexpr float kLargestHalf = 65504.0f;

// `x` finite.
inline uint16_t ToHalf(float x) {
  const auto bits = std::bit_cast<uint32_t>(x);
  const uint32_t magnitude = bits & 0x7fffffffu;
  // The exponent's bias goes from 127 to 15 and 13 bits of the mantissa are rounded away; a carry runs into
  // the exponent, as it should.
  const uint32_t rebiased = magnitude - (112u << 23);
  const uint32_t normal = (rebiased + 0xfffu + (rebiased >> 13 & 1u)) >> 13;
  // Below 2^-14 a half counts steps of 2^-24, which is the last place of a float near 0.5.
  const float lifted = std::bit_cast<float>(magnitude < (113u << 23) ? magnitude : 0u) + 0.5f;
  const uint32_t subnormal = std::bit_cast<uint32_t>(lifted) - std::bit_cast<uint32_t>(0.5f);
  const uint32_t rounded = magnitude < (113u << 23) ? subnormal : normal;
  const uint32_t bounded = magnitude >= 0x477ff000u ? 0x7c00u : rounded;  // from 65520 on
  return static_cast<uint16_t>(bits >> 16 & 0x8000u) | static_cast<uint16_t>(bounded);
}

// Finite halves only.
inline float FromHalf(uint16_t half) {
  const uint32_t magnitude = half & 0x7fffu;
  const uint32_t normal = (magnitude << 13) + (112u << 23);
  const auto subnormal =
      std::bit_cast<uint32_t>(static_cast<float>(static_cast<int32_t>(magnitude)) * 0x1p-24f);
  const uint32_t bits = magnitude < 0x400u ? subnormal : normal;
  return std::bit_cast<float>(bits | static_cast<uint32_t>(half & 0x8000u) << 16);
}

inline bool IsFiniteHalf(uint16_t half) {
  return (half & 0x7c00u) != 0x7c00u;
}

inline uint16_t ToBf16(float x) {
  const auto bits = std::bit_cast<uint32_t>(x);
  return static_cast<uint16_t>((bits + 0x7fffu + (bits >> 16 & 1u)) >> 16);
}

inline float FromBf16(uint16_t bf16) {
  return std::bit_cast<float>(static_cast<uint32_t>(bf16) << 16);
}

inline bool IsFiniteBf16(uint16_t bf16) {
  return (bf16 & 0x7f80u) != 0x7f80u;
}

// The smallest half that is not below `x` >= 0; infinite past kLargestHalf.
inline uint16_t ToHalfAtLeast(float x) {
  const uint16_t nearest = ToHalf(x);
  return static_cast<uint16_t>(nearest + (nearest < 0x7c00u && FromHalf(nearest) < x ? 1 : 0));
}

}  // namespace tandem
