// Tests of zstd_wrap: what comes back, what is stored, and what hostile frames get.
#include "codec/zstd_wrap.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <zstd.h>

#include <random>

namespace tandem {
namespace {

using testing::HasSubstr;

Bytes Noise(size_t size) {
  std::mt19937_64 random(size);
  Bytes bytes(size);
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random());
  return bytes;
}

TEST(ZstdWrap, ShrinksOrCostsOneByte) {
  for (const Bytes& message : {Bytes{}, Bytes{1}, Noise(2000), Bytes(2000, 7)}) {
    const Bytes wrapped = Wrap(message).value();
    EXPECT_LE(wrapped.size(), message.size() + 1);
    EXPECT_EQ(Unwrap(wrapped, message.size()).value(), message);
  }
  EXPECT_EQ(Wrap(Noise(2000)).value().size(), 2001u);
  EXPECT_LT(Wrap(Bytes(2000, 7)).value().size(), 50u);
  EXPECT_EQ(Wrap(Bytes(1023, 7)).value().size(), 1024u) << "too short to be tried";
}

// Tables are kept from message to message: a frame must be what tables made for it alone would give.
TEST(ZstdWrap, BytesDoNotDependOnEarlierMessages) {
  for (const size_t size : {300000u, 1300u, 70000u, 1100u, 1300u, 1024u}) {
    Bytes message = Noise(size);
    for (uint8_t& byte : message) byte &= 3;  // shrinks
    Bytes alone(1 + ZSTD_compressBound(size), 1);
    const size_t frame = ZSTD_compress(alone.data() + 1, alone.size() - 1, message.data(), size, 1);
    ASSERT_FALSE(ZSTD_isError(frame));
    alone.resize(1 + frame);
    EXPECT_EQ(Wrap(message).value(), alone);
    EXPECT_EQ(Unwrap(alone, size).value(), message);
  }
}

std::string Refusal(const Bytes& wrapped, size_t most = 1 << 20) {
  const Result<Bytes> message = Unwrap(wrapped, most);
  if (message) return "accepted";
  EXPECT_EQ(message.error().code, ErrorCode::kProtocol);
  return message.error().message;
}

TEST(ZstdWrap, RefusesWithASentence) {
  const Bytes good = Wrap(Bytes(2000, 7)).value();
  EXPECT_THAT(Refusal({}), HasSubstr("0 bytes of rows do not begin with 0 or 1"));
  EXPECT_THAT(Refusal({2, 1}), HasSubstr("do not begin with"));
  EXPECT_THAT(Refusal({1, 2, 3}), HasSubstr("no zstd frame with a size"));
  EXPECT_THAT(Refusal(good, 1999), HasSubstr("a zstd frame of 2000 bytes of rows, at most 1999"));
  Bytes longer = good, shorter = good, two = good;
  longer.push_back(0);
  EXPECT_THAT(Refusal(longer), HasSubstr("not exactly one zstd frame"));
  shorter.pop_back();
  EXPECT_THAT(Refusal(shorter), HasSubstr("not exactly one zstd frame"));
  two.insert(two.end(), good.begin() + 1, good.end());
  EXPECT_THAT(Refusal(two), HasSubstr("not exactly one zstd frame"));
}

// A frame that says nothing of its content's size, as streaming makes them.
TEST(ZstdWrap, RefusesFramesWithoutASize) {
  ZSTD_CCtx* context = ZSTD_createCCtx();
  ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, 0);
  Bytes wrapped(200);
  const Bytes message(100, 1);
  wrapped[0] = 1;
  wrapped.resize(
      1 + ZSTD_compress2(context, wrapped.data() + 1, wrapped.size() - 1, message.data(), message.size()));
  ZSTD_freeCCtx(context);
  EXPECT_THAT(Refusal(wrapped), HasSubstr("no zstd frame with a size"));
}

RC_GTEST_PROP(ZstdWrap, AnyChangeIsRefusedOrBounded, (uint64_t seed)) {
  std::mt19937_64 random(seed);
  Bytes message(random() % 300);
  for (uint8_t& byte : message) byte = static_cast<uint8_t>(random() % 3);
  Bytes wrapped = Wrap(message).value();
  wrapped[random() % wrapped.size()] ^= static_cast<uint8_t>(1u << random() % 8);
  const Result<Bytes> again = Unwrap(wrapped, 300);
  if (again) RC_ASSERT(again->size() <= wrapped.size() || again->size() <= 300u);
}

}  // namespace
}  // namespace tandem
