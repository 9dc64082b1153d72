// Tests of bit_packing and row_format: every code comes back, and rows are as small as they should be.
#include "codec/bit_packing.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace tandem {
namespace {

constexpr RowFormat kScaled[] = {RowFormat::kInt8, RowFormat::kInt6, RowFormat::kInt5,   RowFormat::kInt4,
                                 RowFormat::kInt3, RowFormat::kInt2, RowFormat::kTernary};

TEST(BitPacking, EveryCodeComesBackAtEveryWidth) {
  std::mt19937_64 random(3);
  for (const RowFormat format : kScaled) {
    for (size_t count = 1; count <= 67; ++count) {
      Bytes codes(count + kCodePadding), again(count + kCodePadding, 9),
          packed(PackedCodeBytes(format, count));
      for (size_t i = 0; i < count; ++i)
        codes[i] = static_cast<uint8_t>(random() % (HighestCode(format) + 1u));
      PackCodes(format, codes, count, packed);
      UnpackCodes(format, packed, count, again);
      EXPECT_TRUE(
          std::equal(codes.begin(), codes.begin() + static_cast<std::ptrdiff_t>(count), again.begin()))
          << FormatName(format) << ", " << count << " codes";
    }
  }
}

TEST(BitPacking, WholeBytesCostTheirBits) {
  EXPECT_EQ(PackedBytes(RowFormat::kF32, 40), 160u);
  EXPECT_EQ(PackedBytes(RowFormat::kBf16, 40), 80u);
  for (const RowFormat format : kScaled) {
    EXPECT_DOUBLE_EQ(static_cast<double>(PackedBytes(format, 40)), FormatBits(format) * 40 / 8)
        << FormatName(format);
  }
  EXPECT_EQ(PackedBytes(RowFormat::kInt3, 9), 3u + 2u);  // two planes, each to a whole byte
  EXPECT_EQ(PackedBytes(RowFormat::kTernary, 6), 2u);
}

// Five digits from every byte, as division by powers of three has them.
TEST(BitPacking, TernaryDigitsOfEveryByte) {
  for (int byte = 0; byte < 256; ++byte) {
    Bytes codes(5 + kCodePadding);
    const Bytes packed = {static_cast<uint8_t>(byte)};
    UnpackCodes(RowFormat::kTernary, packed, 5, codes);
    const int expected[5] = {byte % 3, byte / 3 % 3, byte / 9 % 3, byte / 27 % 3, byte / 81};
    for (size_t i = 0; i < 5; ++i) EXPECT_EQ(codes[i], expected[i]) << "digit " << i << " of " << byte;
  }
}

TEST(BitPacking, LayoutIsFixed) {
  Bytes codes = {1, 2, 3, 4, 5, 6, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0};
  Bytes packed(PackedCodeBytes(RowFormat::kInt3, 8));
  PackCodes(RowFormat::kInt3, codes, 8, packed);
  // The upper two bits of the codes are 0 1 1 2 2 3 3 0, the low ones 1 0 1 0 1 0 1 0.
  EXPECT_EQ(packed, (Bytes{0 | 1 << 2 | 2 << 4 | 3 << 6, 1 | 2 << 2 | 3 << 4 | 0 << 6, 0b01010101}));
}

TEST(RowFormat, NamesComeBack) {
  for (int i = 0; i < 10; ++i) {
    const auto format = static_cast<RowFormat>(i);
    EXPECT_EQ(FormatFrom(FormatName(format)), format);
  }
  EXPECT_FALSE(FormatFrom("int1"));
}

}  // namespace
}  // namespace tandem
