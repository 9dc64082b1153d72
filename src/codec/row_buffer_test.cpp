// What waits, what is refused, and how much it may come to.
#include "codec/row_buffer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tandem {
namespace {

using ::testing::HasSubstr;

constexpr size_t kWidth = 2;
constexpr Pos kContext = 100, kAhead = 4;

RowCodec Codec(const char* name = "f32") {
  return RowCodec::Make(ParseRowCodec(name).value(), kWidth).value();
}

// Rows that hold their position.
Bytes Rows(Pos begin, Pos end) {
  std::vector<float> values;
  for (Pos at = begin; at < end; ++at) values.insert(values.end(), kWidth, static_cast<float>(at));
  return Codec().Encode({values, kWidth}, begin).value();
}

std::vector<float> Held(const RowBuffer& buffer, Pos begin, Pos end) {
  std::vector<float> rows{-1};
  buffer.Copy(begin, end, rows);
  return rows;
}

std::string Refusal(RowBuffer& buffer, Pos first, ByteView block, Pos text) {
  const auto appended = buffer.Append(first, block, text);
  return appended ? "taken"
                  : fmt::format("{}: {}", ErrorName(appended.error().code), appended.error().message);
}

TEST(RowBuffer, GivesRowsAcrossMessages) {
  RowBuffer buffer(Codec(), 0, kContext, kAhead);
  for (const auto& [begin, end] : {std::pair<Pos, Pos>{0, 3}, {3, 4}, {4, 9}})
    EXPECT_TRUE(buffer.Append(begin, Rows(begin, end), 20).value());
  EXPECT_EQ(buffer.end(), 9);
  EXPECT_EQ(Held(buffer, 2, 6), (std::vector<float>{2, 2, 3, 3, 4, 4, 5, 5}));
  buffer.DropBefore(5);
  EXPECT_EQ(Held(buffer, 5, 9), (std::vector<float>{5, 5, 6, 6, 7, 7, 8, 8}));
  buffer.Truncate(6);
  EXPECT_EQ(buffer.end(), 6);
  EXPECT_TRUE(buffer.Append(6, Rows(6, 8), 20).value());
  EXPECT_EQ(Held(buffer, 5, 8), (std::vector<float>{5, 5, 6, 6, 7, 7}));
  EXPECT_FALSE(buffer.Append(6, Rows(6, 8), 20).value()) << "came twice";
}

TEST(RowBuffer, GoesBackBehindWhatWasDropped) {
  RowBuffer buffer(Codec(), 0, kContext, kAhead);
  ASSERT_TRUE(buffer.Append(0, Rows(0, 8), 20));
  buffer.DropBefore(8);
  buffer.Truncate(3);
  EXPECT_TRUE(buffer.Append(3, Rows(3, 5), 20).value());
  EXPECT_EQ(Held(buffer, 3, 5), (std::vector<float>{3, 3, 4, 4}));
}

TEST(RowBuffer, RefusesRowsThatCannotBeOfUse) {
  RowBuffer buffer(Codec(), 0, kContext, kAhead);
  EXPECT_THAT(Refusal(buffer, 0, Rows(0, 15), 10), HasSubstr("protocol: "));
  ASSERT_TRUE(buffer.Append(0, Rows(0, 14), 10));
  EXPECT_THAT(Refusal(buffer, 14, Rows(14, 15), 10),
              HasSubstr("protocol: rows from position 14 on, of use are those below 14"));
  EXPECT_THAT(Refusal(buffer, 14, Rows(14, 15), 11), HasSubstr("taken"));
  EXPECT_THAT(Refusal(buffer, 16, Rows(16, 17), 90), HasSubstr("expected them from 15 on"));
  RowBuffer full(Codec(), kContext, kContext, kAhead);
  EXPECT_THAT(Refusal(full, kContext, Rows(0, 1), kContext), HasSubstr("context: "));
}

// A small message of a dense codec cannot make more floats than are allowed for.
TEST(RowBuffer, SaysWhatItMayTake) {
  RowBuffer buffer(Codec(), 0, kContext, kAhead);
  EXPECT_EQ(buffer.MostBytes(10), 14 * kWidth * sizeof(float));
  EXPECT_EQ(buffer.MostBytes(99), kContext * kWidth * sizeof(float));
  ASSERT_TRUE(buffer.Append(0, Rows(0, 10), 10));
  buffer.DropBefore(10);
  EXPECT_EQ(buffer.MostBytes(10), kAhead * kWidth * sizeof(float));
  const size_t wide = 64;
  const RowCodec dense = RowCodec::Make(ParseRowCodec("ternary/zstd").value(), wide).value();
  const std::vector<float> zeros(90 * wide);
  const Bytes block = dense.Encode({zeros, wide}, 0).value();
  RowBuffer small(dense, 0, kContext, kAhead);
  EXPECT_LT(block.size(), 100u);  // for 23 kB of floats
  EXPECT_THAT(Refusal(small, 0, block, 10), HasSubstr("protocol: "));
}

}  // namespace
}  // namespace tandem
