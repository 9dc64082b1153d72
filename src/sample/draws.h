// The random decisions of the block-wise rules (`token`, `block`), each at an address of its own. The rules
// and the edge's drafting are written against Draws: production decides by addressed noise, the proof in
// judge_proof_test.cpp walks both ways of every decision with their exact weights, through the same code.
//
// An address must be new whenever its outcome is, or the text's law bends. Hence the block's base and the
// epoch in it: a position is judged again in the next block when its own failed, and drafted again in the
// next epoch when what was drafted there went stale.
#pragma once

#include <compare>
#include <span>

#include "sample/noise.h"

namespace tandem {

// A drafted block of a session. (base, epoch) is never given to two blocks that say different ids.
struct BlockKey {
  uint64_t seed = 0;
  Pos base = 0;        // position of the block's first id
  uint32_t epoch = 0;  // of the branch it was drafted in (docs/protocol.md)
  friend auto operator<=>(const BlockKey&, const BlockKey&) = default;
};

struct DrawAddress {
  BlockKey block;
  Pos position = 0;
  NoisePurpose purpose = NoisePurpose::kAccept;
  friend auto operator<=>(const DrawAddress&, const DrawAddress&) = default;
};

class Draws {
 public:
  virtual ~Draws() = default;
  // True with this probability: always from 1 on, never at 0 and below.
  virtual bool Accept(const DrawAddress& at, double probability) = 0;
  // An index, each in proportion to its weight (>= 0, finite, at least one above 0; any sum).
  virtual size_t Pick(const DrawAddress& at, std::span<const double> weights) = 0;
};

// One Philox number a decision. Picks invert the cumulated weights: a race (race.h) would cost a number and a
// logarithm for every candidate and buy agreement between two sides that pick, of which these rules have but
// one. Stateless.
class NoiseDraws final : public Draws {
 public:
  bool Accept(const DrawAddress& at, double probability) override;
  size_t Pick(const DrawAddress& at, std::span<const double> weights) override;
};

}  // namespace tandem
