// Tests of philox.
#include "base/philox.h"

#include <gtest/gtest.h>

#include <bit>

namespace tandem {
namespace {

// The three "philox4x32 10" lines of kat_vectors in Random123, the authors' own library.
TEST(Philox, KnownAnswers) {
  EXPECT_EQ(Philox4x32({0, 0, 0, 0}, {0, 0}),
            (PhiloxCounter{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(Philox4x32({~0u, ~0u, ~0u, ~0u}, {~0u, ~0u}),
            (PhiloxCounter{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(Philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (PhiloxCounter{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

int DifferingBits(const PhiloxCounter& a, const PhiloxCounter& b) {
  int bits = 0;
  for (size_t i = 0; i < a.size(); ++i) bits += std::popcount(a[i] ^ b[i]);
  return bits;
}

// One flipped bit of counter or key flips about half of the 128: 30 to 98 is six standard deviations (5.7).
TEST(Philox, EveryInputBitMatters) {
  const PhiloxCounter counter{7, 1234, 0, 64};
  const PhiloxKey key{42, 0};
  const PhiloxCounter plain = Philox4x32(counter, key);
  for (size_t bit = 0; bit < 192; ++bit) {
    PhiloxCounter c = counter;
    PhiloxKey k = key;
    uint32_t& word = bit < 128 ? c[bit / 32] : k[(bit - 128) / 32];
    word ^= 1u << (bit % 32);
    const int flipped = DifferingBits(plain, Philox4x32(c, k));
    EXPECT_GE(flipped, 30) << "input bit " << bit;
    EXPECT_LE(flipped, 98) << "input bit " << bit;
  }
}

}  // namespace
}  // namespace tandem
