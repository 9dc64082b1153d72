// See rank.h.
#include "sample/rank.h"

#include <algorithm>
#include <array>
#include <bit>
#include <limits>
#include <utility>

namespace tandem {
namespace {

constexpr uint32_t kSign = 0x80000000u;
constexpr int kDigitBits = 8;
constexpr size_t kDigits = size_t{1} << kDigitBits;

size_t DigitOf(Rank rank, int shift) {
  return (rank >> shift) & (kDigits - 1);
}

}  // namespace

// IEEE floats order as sign and magnitude; flipping all bits of the positive ones and none but the sign of
// the negative ones makes the largest float the smallest integer.
Rank RankOf(float logit, Token id) {
  const float finite = std::min(logit, std::numeric_limits<float>::max()) + 0.0f;  // -0 + 0 is 0
  const uint32_t bits = std::bit_cast<uint32_t>(finite);
  const uint32_t falling = bits & kSign ? bits : bits ^ ~kSign;
  return Rank{falling} << 32 | static_cast<uint32_t>(id);
}

Token IdOf(Rank rank) {
  return static_cast<Token>(rank & 0xFFFFFFFFu);
}

float LogitOf(Rank rank) {
  const auto falling = static_cast<uint32_t>(rank >> 32);
  return std::bit_cast<float>(falling & kSign ? falling : falling ^ ~kSign);
}

// Radix sort, lowest digit of the logit first. Each pass is stable, so ids need no passes of their own.
void SortRanks(std::vector<Rank>& ranks, std::vector<Rank>& spare) {
  spare.resize(ranks.size());
  for (int shift = 32; shift < 64; shift += kDigitBits) {
    std::array<size_t, kDigits> next{};
    for (const Rank rank : ranks) ++next[DigitOf(rank, shift)];
    size_t begin = 0;
    for (size_t& place : next) begin += std::exchange(place, begin);
    for (const Rank rank : ranks) spare[next[DigitOf(rank, shift)]++] = rank;
    ranks.swap(spare);
  }
}

}  // namespace tandem
