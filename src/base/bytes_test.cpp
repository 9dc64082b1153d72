// Tests of bytes.
#include "base/bytes.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace tandem {
namespace {

Bytes VarintOf(uint64_t v) {
  ByteWriter writer;
  writer.Varint(v);
  return writer.Take();
}

struct Read {
  uint64_t value = 0;
  bool ok = false;
  size_t remaining = 0;
};

Read ReadVarint(const Bytes& bytes) {
  ByteReader reader(bytes);
  const uint64_t value = reader.Varint();
  return {value, reader.ok(), reader.remaining()};
}

TEST(Bytes, FixedIntegersAreLittleEndian) {
  ByteWriter writer;
  writer.U8(0xAB);
  writer.U32(0x01020304);
  writer.U64(0x1122334455667788);
  EXPECT_EQ(writer.size(), 13u);
  EXPECT_EQ(writer.Take(), (Bytes{0xAB, 4, 3, 2, 1, 0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11}));
}

TEST(Bytes, VarintIsLeb128) {
  EXPECT_EQ(VarintOf(0), Bytes{0});
  EXPECT_EQ(VarintOf(127), Bytes{0x7F});
  EXPECT_EQ(VarintOf(128), (Bytes{0x80, 0x01}));
  EXPECT_EQ(VarintOf(624485), (Bytes{0xE5, 0x8E, 0x26}));  // the example of the DWARF specification
  EXPECT_EQ(VarintOf(UINT64_MAX).size(), 10u);
}

RC_GTEST_PROP(Bytes, WhatIsWrittenIsRead, (uint8_t a, uint32_t b, uint64_t c, uint64_t d, Bytes raw)) {
  ByteWriter writer;
  writer.U8(a);
  writer.U32(b);
  writer.Varint(c);
  writer.U64(d);
  writer.Raw(raw);
  const Bytes bytes = writer.Take();
  ByteReader reader(bytes);
  RC_ASSERT(reader.U8() == a);
  RC_ASSERT(reader.U32() == b);
  RC_ASSERT(reader.Varint() == c);
  RC_ASSERT(reader.U64() == d);
  const ByteView tail = reader.Raw(raw.size());
  RC_ASSERT(Bytes(tail.begin(), tail.end()) == raw);
  RC_ASSERT(reader.ok() && reader.AtEnd());
}

// rapidcheck's integers are mostly small; shifting them reaches every length.
RC_GTEST_PROP(Bytes, VarintRoundTripsAtEveryLength, (uint64_t bits)) {
  const uint64_t value = bits << *rc::gen::inRange(0, 64);
  const Read read = ReadVarint(VarintOf(value));
  RC_ASSERT(read.ok && read.value == value && read.remaining == 0u);
}

// One value, one form: whatever a reader takes, the writer would have written.
RC_GTEST_PROP(Bytes, VarintHasOneForm, ()) {
  const Bytes bytes = *rc::gen::container<Bytes>(
      rc::gen::weightedElement<uint8_t>({{3, 0x80}, {3, 0xFF}, {2, 0x00}, {2, 0x01}, {1, 0x7F}}));
  const Read read = ReadVarint(bytes);
  if (!read.ok) return;
  const Bytes used(bytes.begin(), bytes.end() - static_cast<std::ptrdiff_t>(read.remaining));
  RC_ASSERT(VarintOf(read.value) == used);
}

TEST(Bytes, RefusesHostileVarints) {
  const Bytes nines(9, 0xFF);
  const auto with = [&](std::initializer_list<uint8_t> tail) {
    Bytes bytes = nines;
    bytes.insert(bytes.end(), tail);
    return bytes;
  };
  EXPECT_EQ(ReadVarint(with({0x01})).value, UINT64_MAX);
  EXPECT_TRUE(ReadVarint(with({0x01})).ok);
  EXPECT_FALSE(ReadVarint(with({0x02})).ok) << "65 bits";
  EXPECT_FALSE(ReadVarint(with({0x81, 0x00})).ok) << "11 bytes";
  EXPECT_FALSE(ReadVarint(with({0x00})).ok) << "padded to 10 bytes";
  EXPECT_FALSE(ReadVarint(Bytes(1000, 0x80)).ok) << "endless";
  EXPECT_FALSE(ReadVarint({0x80, 0x00}).ok) << "0 in two bytes";
  EXPECT_FALSE(ReadVarint({0x85, 0x80, 0x00}).ok) << "5 in three bytes";
  EXPECT_FALSE(ReadVarint({0x80}).ok) << "truncated";
  EXPECT_FALSE(ReadVarint({}).ok) << "empty";
}

RC_GTEST_PROP(Bytes, ATruncatedVarintIsRefused, (uint64_t bits)) {
  Bytes bytes = VarintOf(bits << *rc::gen::inRange(0, 64));
  bytes.pop_back();
  const Read read = ReadVarint(bytes);
  RC_ASSERT(!read.ok);
  RC_ASSERT(read.value == 0u);
}

TEST(Bytes, NothingIsReadAfterTheEnd) {
  const Bytes bytes{1, 2, 3};
  ByteReader reader(bytes);
  EXPECT_EQ(reader.U32(), 0u);
  EXPECT_FALSE(reader.ok());
  EXPECT_EQ(reader.U8(), 0u) << "the three bytes are gone: a failed reader stays failed";
  EXPECT_EQ(reader.Varint(), 0u);
  EXPECT_TRUE(reader.Raw(1).empty());
  EXPECT_TRUE(reader.Raw(0).empty());
  EXPECT_FALSE(reader.ok());
  EXPECT_EQ(reader.remaining(), 0u);
}

TEST(Bytes, RawNeverPassesTheEnd) {
  const Bytes bytes{1, 2, 3};
  for (const size_t n : {size_t{4}, SIZE_MAX}) {
    ByteReader reader(bytes);
    EXPECT_TRUE(reader.Raw(n).empty());
    EXPECT_FALSE(reader.ok());
  }
  ByteReader reader(bytes);
  EXPECT_EQ(reader.Raw(3).size(), 3u);
  EXPECT_TRUE(reader.ok() && reader.AtEnd());
}

}  // namespace
}  // namespace tandem
