// Messages of rows that no encoder wrote: every one is refused with a sentence or gives finite rows, and none
// makes more be allocated than its codec's rows take.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>

#include "codec/row_codec.h"
#include "testing/row_samples.h"

namespace tandem {
namespace {

using ::testing::HasSubstr;

RowCodec Codec(std::string_view name, size_t width) {
  return RowCodec::Make(ParseRowCodec(name).value(), width).value();
}

struct Sent {
  RowCodec codec;
  Bytes message;
  size_t rows;
};

Sent RandomMessage(std::mt19937_64& random) {
  const size_t width = 2 + testing::Below(random, 70), rows = 1 + testing::Below(random, 9);
  const RowCodecSpec spec = testing::RandomSpec(random, width);
  const std::vector<float> values = testing::RandomRows(random, rows, width, true);
  const RowCodec codec = RowCodec::Make(spec, width, Calibrate(spec, {values, width}).value()).value();
  Bytes message = codec.Encode({values, width}, 0, testing::RandomImportance(random, rows)).value();
  return {codec, std::move(message), rows};
}

// Finite rows or a sentence of the right kind.
bool IsSane(const Result<std::vector<float>>& rows, const RowCodec& codec, size_t max_rows) {
  if (!rows) return rows.error().code == ErrorCode::kProtocol && !rows.error().message.empty();
  const size_t count = rows->size() / codec.width();
  if (count < 1 || count > max_rows || rows->size() % codec.width() != 0) return false;
  for (const float value : *rows) {
    if (!std::isfinite(value)) return false;
  }
  return true;
}

RC_GTEST_PROP(RowCodecHostile, FlippedBits, (uint64_t seed)) {
  std::mt19937_64 random(seed);
  Sent sent = RandomMessage(random);
  for (uint32_t i = testing::Below(random, 4); i < 4; ++i) {
    sent.message[random() % sent.message.size()] ^= static_cast<uint8_t>(1u << random() % 8);
  }
  RC_ASSERT(IsSane(sent.codec.Decode(sent.message, sent.rows), sent.codec, sent.rows));
}

RC_GTEST_PROP(RowCodecHostile, OtherBytes, (uint64_t seed)) {
  std::mt19937_64 random(seed);
  Sent sent = RandomMessage(random);
  // The first bytes stay: what is behind them is then reached.
  const size_t keep = testing::Below(random, 3);
  for (size_t i = keep; i < sent.message.size(); ++i) sent.message[i] = static_cast<uint8_t>(random());
  RC_ASSERT(IsSane(sent.codec.Decode(sent.message, 1000), sent.codec, 1000));
}

RC_GTEST_PROP(RowCodecHostile, EveryOtherLengthIsRefused, (uint64_t seed)) {
  std::mt19937_64 random(seed);
  const Sent sent = RandomMessage(random);
  Bytes shorter(sent.message.begin(), sent.message.begin() + testing::Below(random, sent.message.size()));
  RC_ASSERT(!sent.codec.Decode(shorter, sent.rows));
  Bytes longer = sent.message;
  longer.push_back(static_cast<uint8_t>(random()));
  RC_ASSERT(!sent.codec.Decode(longer, sent.rows));
  RC_ASSERT(!sent.codec.Decode(sent.message, sent.rows - 1));
}

std::string Refusal(std::string_view name, const Bytes& message, size_t width = 4, size_t max_rows = 8) {
  const Result<std::vector<float>> rows = Codec(name, width).Decode(message, max_rows);
  if (rows) return "accepted";
  EXPECT_EQ(rows.error().code, ErrorCode::kProtocol);
  return rows.error().message;
}

TEST(RowCodecHostile, EachFaultHasItsSentence) {
  EXPECT_THAT(Refusal("f16", {}),
              HasSubstr("a message of 0 rows in 0 bytes, 1..8 of a byte each are expected"));
  EXPECT_THAT(Refusal("f16", {0}), HasSubstr("a message of 0 rows"));
  EXPECT_THAT(Refusal("f16", {9}), HasSubstr("a message of 9 rows in 1 bytes, 1..8"));
  EXPECT_THAT(Refusal("f16", {255, 255, 255, 255, 255, 255, 255, 255, 255, 1}), HasSubstr("1..8 of a byte"));
  EXPECT_THAT(Refusal("f16", {2, 0, 0}), HasSubstr("2 bytes for 2 rows that take 16"));
  EXPECT_THAT(Refusal("f16", {1, 0, 0, 0, 0x7c, 0, 0, 0, 0}),
              HasSubstr("row 0: a value of a row of f16 is not finite"));
  EXPECT_THAT(Refusal("bf16", {1, 0, 0, 0x80, 0xff, 0, 0, 0, 0}), HasSubstr("a row of bf16 is not finite"));
  EXPECT_THAT(Refusal("f32", {1, 0, 0, 0x80, 0x7f, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}),
              HasSubstr("not finite"));
  EXPECT_THAT(Refusal("int4", {1, 0, 0x7c, 0, 0}),
              HasSubstr("row 0: a scale of 0x7c00 is no finite f16 from 0"));
  EXPECT_THAT(Refusal("int4", {1, 1, 0x80, 0, 0}), HasSubstr("a scale of 0x8001"));
  EXPECT_THAT(Refusal("int4", {1, 0, 0, 0xf0, 0}), HasSubstr("code 15 in a row of int4, the highest is 14"));
  EXPECT_THAT(Refusal("ternary", {1, 0, 0, 255}, 5),
              HasSubstr("code 3 in a row of ternary, the highest is 2"));
  EXPECT_THAT(Refusal("int4/token/asym", {1, 0, 0, 16, 0, 0}),
              HasSubstr("a zero point of 16 is outside 0..15"));
  EXPECT_THAT(Refusal("int4/tensor", {1, 0, 0, 0x80, 0x7f, 0, 0}),
              HasSubstr("rows on a scale from 0 to inf"));
  EXPECT_THAT(Refusal("int4/tensor", {1, 0, 0}), HasSubstr("ends in its scales"));
  EXPECT_THAT(Refusal("int4/token/sink", {8}), HasSubstr("a message of 8 rows in 1 bytes, 1..8"));
  EXPECT_THAT(Refusal("mix:int4:int8:0.5/token/sink", {1, 3}), HasSubstr("row 0 has format 3 of 3"));
  EXPECT_THAT(Refusal("f16/zstd", {}), HasSubstr("do not begin with 0 or 1"));
  EXPECT_EQ(Refusal("int4", {1, 0, 0, 0, 0}), "accepted");
}

// A frame of less than 4 KiB that holds 16 MiB of zeros.
TEST(RowCodecHostile, BombsAreRefusedBeforeTheyAreUnpacked) {
  const RowCodec small = Codec("f32/zstd", 1024), large = Codec("f32/zstd", 65536);
  const Bytes bomb = large.Encode({std::vector<float>(64 * 65536), 65536}, 0).value();
  EXPECT_LT(bomb.size(), 4096u);
  const Result<std::vector<float>> rows = small.Decode(bomb, 8);
  ASSERT_FALSE(rows);
  EXPECT_THAT(rows.error().message,
              HasSubstr("a zstd frame of 16777217 bytes of rows, at most 32770 can be"));
}

}  // namespace
}  // namespace tandem
