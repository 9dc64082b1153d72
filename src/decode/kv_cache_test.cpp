// Sequences of a cache: who is open, how long they are, and what a fork holds.
#include "decode/kv_cache.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "model/device.h"

namespace tandem {
namespace {

const KvLayout kLayout{.layers = 2, .kv_width = 8, .context = 300, .sequences = 2, .device = CpuDevice()};

TEST(KvCache, OpensAsManyAsItMayHold) {
  KvCache cache(kLayout);
  const SeqId a = *cache.Open(), b = *cache.Open();
  EXPECT_NE(a, b);
  EXPECT_EQ(cache.Open().error().code, ErrorCode::kBusy);
  cache.Close(a);
  const SeqId c = *cache.Open();
  EXPECT_NE(c, a);  // a stale id stays unknown
  EXPECT_FALSE(cache.IsOpen(a));
  EXPECT_EQ(cache.Length(a), 0);
  cache.Close(77);
}

TEST(KvCache, CountsPositions) {
  KvCache cache(kLayout);
  const SeqId seq = *cache.Open();
  cache.Append(seq, 0, 10);
  cache.Append(seq, 10, 5);
  EXPECT_EQ(cache.Length(seq), 15);
  EXPECT_EQ(cache.Rows(seq), 15);
  cache.Truncate(seq, 7);
  EXPECT_EQ(cache.Length(seq), 7);
  cache.Truncate(seq, 0);
  EXPECT_EQ(cache.Length(seq), 0);
}

TEST(KvCache, PadsToWholeBlocksOfRows) {
  const KvCache cache(kLayout);
  EXPECT_EQ(cache.PaddedRows(1), 256);
  EXPECT_EQ(cache.PaddedRows(256), 256);
  EXPECT_EQ(cache.PaddedRows(257), 512);
}

TEST(KvCache, UnwrittenRowsAreZero) {
  KvCache cache(kLayout);
  const SeqId seq = *cache.Open();
  const auto* rows = static_cast<const ggml_fp16_t*>(cache.values(seq, 1)->data);
  for (int i = 0; i < 512 * 8; ++i) ASSERT_EQ(rows[i], 0) << i;
}

TEST(KvCache, ACopyHoldsTheRowsThatWereMissing) {
  KvCache cache(kLayout);
  const SeqId seq = *cache.Open();
  for (int layer = 0; layer < 2; ++layer) {
    std::memset(cache.keys(seq, layer)->data, 1 + layer, 10 * 8 * 2);
    std::memset(cache.values(seq, layer)->data, 3 + layer, 10 * 8 * 2);
  }
  cache.Append(seq, 0, 10);
  const SeqId fork = *cache.Open();
  cache.Copy(seq, 2, fork);
  cache.Copy(seq, 4, fork);
  EXPECT_EQ(cache.Length(fork), 4);
  EXPECT_EQ(cache.Length(seq), 10);
  for (int layer = 0; layer < 2; ++layer) {
    EXPECT_EQ(std::memcmp(cache.keys(fork, layer)->data, cache.keys(seq, layer)->data, 4 * 8 * 2), 0);
    EXPECT_EQ(std::memcmp(cache.values(fork, layer)->data, cache.values(seq, layer)->data, 4 * 8 * 2), 0);
    EXPECT_EQ(static_cast<const ggml_fp16_t*>(cache.keys(fork, layer)->data)[4 * 8], 0);
  }
}

TEST(KvCache, MasksWhatLiesAhead) {
  KvCache cache(kLayout);
  const SeqId seq = *cache.Open();
  cache.Append(seq, 0, 3);
  std::vector<ggml_fp16_t> mask(2 * 256);
  cache.FillMask(seq, 2, 256, mask);
  for (int row = 0; row < 2; ++row) {
    for (int column = 0; column < 256; ++column) {
      const float value = ggml_fp16_to_fp32(mask[static_cast<size_t>(row * 256 + column)]);
      EXPECT_EQ(value, column <= 3 + row ? 0.0f : -INFINITY) << row << " " << column;
    }
  }
}

}  // namespace
}  // namespace tandem
