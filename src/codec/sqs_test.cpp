// Tests of sqs: every block comes back, every number is one block, and sizes are near the combinatorial
// bound.
#include "codec/sqs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <random>
#include <set>

namespace tandem {
namespace {

using testing::HasSubstr;

SqsShape Shape(int32_t vocab, int32_t max_ids, int32_t lattice, int32_t max_drafts) {
  return {.grid = {.vocab = vocab, .max_ids = max_ids, .lattice = lattice}, .max_drafts = max_drafts};
}

uint32_t Below(std::mt19937_64& random, uint32_t n) {
  return static_cast<uint32_t>(random() % n);
}

// k numbers below n, ascending.
std::set<uint32_t> Some(std::mt19937_64& random, size_t k, uint32_t n) {
  std::set<uint32_t> set;
  while (set.size() < k) set.insert(Below(random, n));
  return set;
}

// Uniform among the laws with k ids.
SparseDraft RandomLaw(std::mt19937_64& random, const DraftGrid& grid, size_t k) {
  SparseDraft law;
  for (const uint32_t id : Some(random, k, static_cast<uint32_t>(grid.vocab))) {
    law.ids.push_back(static_cast<Token>(id));
  }
  uint32_t sum = 0;
  std::set<uint32_t> borders;
  if (k > 1) borders = Some(random, k - 1, static_cast<uint32_t>(grid.lattice - 1));
  borders.insert(static_cast<uint32_t>(grid.lattice - 1));
  for (const uint32_t border : borders) {
    law.counts.push_back(border + 1 - sum);
    sum = border + 1;
  }
  return law;
}

// An id drawn from the law.
Token RandomId(std::mt19937_64& random, const SparseDraft& law) {
  uint32_t mark = Below(random, law.Lattice());
  for (size_t i = 0;; mark -= law.counts[i++]) {
    if (mark < law.counts[i]) return law.ids[i];
  }
}

SqsBlock RandomBlock(std::mt19937_64& random, const SqsShape& shape, size_t drafts, size_t k) {
  SqsBlock block;
  for (size_t i = 0; i < drafts; ++i) {
    const size_t size = k != 0 ? k : 1 + Below(random, static_cast<uint32_t>(shape.grid.max_ids));
    block.laws.push_back(RandomLaw(random, shape.grid, size));
    block.ids.push_back(RandomId(random, block.laws.back()));
  }
  return block;
}

SqsShape RandomShape(std::mt19937_64& random) {
  const bool tiny = Below(random, 2) == 0;
  const auto vocab = static_cast<int32_t>(1 + Below(random, tiny ? 40 : 200'000));
  const auto lattice = static_cast<int32_t>(1 + Below(random, tiny ? 40 : 4096));
  const auto most = static_cast<uint32_t>(std::min({kMaxDraftIds, vocab, lattice}));
  const auto max_ids = static_cast<int32_t>(1 + Below(random, most));
  return Shape(vocab, max_ids, lattice, static_cast<int32_t>(1 + Below(random, 16)));
}

RC_GTEST_PROP(Sqs, BlocksComeBack, (uint64_t seed)) {
  std::mt19937_64 random(seed);
  const SqsShape shape = RandomShape(random);
  RC_ASSERT(Check(shape));
  const SqsBlock block =
      RandomBlock(random, shape, Below(random, static_cast<uint32_t>(shape.max_drafts) + 1), 0);
  const Result<Bytes> bytes = EncodeSqs(block, shape);
  RC_ASSERT(bytes);
  RC_ASSERT(bytes->size() <= SqsByteLimit(shape));
  const Result<SqsBlock> again = DecodeSqs(*bytes, shape);
  RC_ASSERT(again);
  RC_ASSERT(*again == block);
}

// In tiny shapes most short byte strings are blocks: the others are refused, and none comes back changed.
RC_GTEST_PROP(Sqs, BytesComeBackOrAreRefused, (uint64_t seed)) {
  std::mt19937_64 random(seed);
  const SqsShape shape = RandomShape(random);
  Bytes bytes(Below(random, static_cast<uint32_t>(SqsByteLimit(shape)) + 3));
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random());
  const Result<SqsBlock> block = DecodeSqs(bytes, shape);
  if (!block) {
    RC_ASSERT(block.error().code == ErrorCode::kProtocol);
    return;
  }
  RC_ASSERT(CheckDrafted(block->ids, block->laws, shape.grid));
  RC_ASSERT(EncodeSqs(*block, shape).value() == bytes);
}

// Every block of a small shape, by counting: as many numbers decode as there are blocks.
TEST(Sqs, NumbersAndBlocksAreOneToOne) {
  const SqsShape shape = Shape(3, 2, 3, 1);
  std::set<std::pair<std::vector<Token>, Token>> seen;
  int blocks = 0;
  for (int n = 0; n < 1 << 16; ++n) {
    Bytes bytes{static_cast<uint8_t>(n), static_cast<uint8_t>(n >> 8)};
    while (!bytes.empty() && bytes.back() == 0) bytes.pop_back();
    blocks += DecodeSqs(bytes, shape).has_value() ? 1 : 0;
  }
  // No draft; one id with all shares, 3 laws; two ids of three with 1+2 or 2+1, 6 laws, either id drafted.
  EXPECT_EQ(blocks, 1 + 3 + 6 * 2);
}

TEST(Sqs, LawsAsSmallAsTheirNumberAllows) {
  std::printf("%8s %4s %6s %12s %12s %10s\n", "vocab", "K", "l", "bound bits", "mean bytes", "most");
  for (const auto& [vocab, k, lattice] : {std::tuple{8192, 8, 100},
                                          {8192, 16, 256},
                                          {32000, 8, 100},
                                          {128256, 8, 100},
                                          {128256, 16, 100},
                                          {128256, 32, 1000},
                                          {200000, 64, 4096},
                                          {8192, 1, 100}}) {
    std::mt19937_64 random(7);
    const SqsShape shape = Shape(vocab, k, lattice, 1);
    const double bound = SqsLawBits(shape.grid, k);
    double mean = 0.0;
    size_t most = 0;
    constexpr int kBlocks = 300;
    for (int i = 0; i < kBlocks; ++i) {
      SqsBlock block = RandomBlock(random, shape, 1, static_cast<size_t>(k));
      block.ids[0] = block.laws[0].ids[static_cast<size_t>(
          std::max_element(block.laws[0].counts.begin(), block.laws[0].counts.end()) -
          block.laws[0].counts.begin())];
      const size_t bytes = EncodeSqs(block, shape).value().size();
      mean += static_cast<double>(bytes) / kBlocks;
      most = std::max(most, bytes);
    }
    std::printf("%8d %4d %6d %12.1f %12.2f %10zu\n", vocab, k, lattice, bound, mean, most);
    EXPECT_LE(static_cast<double>(most), bound / 8 + 2) << "vocabulary " << vocab << ", K " << k;
  }
}

// Bits that a block must take: its laws, their sizes and its ids, each by its chance.
double BlockBits(const SqsBlock& block, const SqsShape& shape) {
  double bits = std::log2(shape.max_drafts + 1.0);
  for (size_t i = 0; i < block.ids.size(); ++i) {
    bits += SqsLawBits(shape.grid, static_cast<int32_t>(block.laws[i].ids.size()));
    bits += std::log2(shape.grid.max_ids) - std::log2(block.laws[i].Share(block.ids[i]));
  }
  return bits;
}

TEST(Sqs, BlocksAreRoundedUpOnce) {
  std::printf("%8s %4s %6s %3s %14s %12s\n", "vocab", "K", "l", "g", "bound bytes", "mean bytes");
  for (const auto& [vocab, k, lattice, drafts] :
       {std::tuple{8192, 8, 100, 4}, {8192, 8, 100, 16}, {128256, 16, 100, 8}, {200000, 64, 4096, 16}}) {
    std::mt19937_64 random(8);
    const SqsShape shape = Shape(vocab, k, lattice, drafts);
    double bound = 0.0, mean = 0.0;
    constexpr int kBlocks = 50;
    for (int i = 0; i < kBlocks; ++i) {
      const SqsBlock block = RandomBlock(random, shape, static_cast<size_t>(drafts), 0);
      const auto bytes = static_cast<double>(EncodeSqs(block, shape).value().size());
      EXPECT_LE(bytes, BlockBits(block, shape) / 8 + 2);
      mean += bytes / kBlocks;
      bound += BlockBits(block, shape) / 8 / kBlocks;
    }
    std::printf("%8d %4d %6d %3d %14.2f %12.2f\n", vocab, k, lattice, drafts, bound, mean);
    EXPECT_LE(mean, bound + 1.5);
  }
}

TEST(Sqs, RefusesWithAReason) {
  const SqsShape shape = Shape(8192, 8, 100, 4);
  const auto refused = [&](const Bytes& bytes) { return DecodeSqs(bytes, shape).error().message; };
  EXPECT_THAT(refused(Bytes(SqsByteLimit(shape) + 1, 1)), HasSubstr("no block takes more than"));
  EXPECT_THAT(refused({5, 0}), HasSubstr("end with a byte of zeros"));
  EXPECT_THAT(refused(Bytes(SqsByteLimit(shape), 255)), HasSubstr("say more than"));

  std::mt19937_64 random(1);
  const SqsBlock good = RandomBlock(random, shape, 2, 3);
  SqsBlock many = RandomBlock(random, shape, 5, 1), foreign = good, uneven = good;
  foreign.ids[0] = foreign.laws[0].ids[0] + 1 == foreign.laws[0].ids[1] ? 0 : foreign.laws[0].ids[0] + 1;
  uneven.laws[1].counts[0] += 1;
  EXPECT_THAT(EncodeSqs(many, shape).error().message, HasSubstr("5 drafts in a block of at most 4"));
  EXPECT_THAT(EncodeSqs(foreign, shape).error().message, HasSubstr("outside its own law"));
  EXPECT_THAT(EncodeSqs(uneven, shape).error().message, HasSubstr("101 shares of 100"));
}

TEST(Sqs, ShapesHaveBounds) {
  EXPECT_TRUE(Check(Shape(200000, 64, 4096, 16)));
  EXPECT_TRUE(Check(Shape(1, 1, 1, 1024)));
  for (const SqsShape& bad : {Shape(200000, 64, 4096, 17), Shape(0, 1, 1, 1), Shape(5, 6, 100, 1),
                              Shape(100, 6, 5, 1), Shape(100, 65, 100, 1), Shape(100, 8, 4097, 1),
                              Shape(100, 8, 100, 0), Shape((1 << 20) + 1, 8, 100, 1)}) {
    const Status status = Check(bad);
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code, ErrorCode::kUsage);
  }
}

}  // namespace
}  // namespace tandem
