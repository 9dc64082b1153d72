// The law that a draft token is drawn from, small enough to send: a few ids with whole numbers of shares. The
// edge draws from exactly this law (sample/quantise.h), the codec sqs carries it (codec/sqs.h) and the cloud
// judges by it (sample/judge.h), so nothing about it is rounded anywhere.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/result.h"
#include "base/types.h"

namespace tandem {

// Which laws there are; both sides of a session hold the same grid.
struct DraftGrid {
  int32_t vocab = 0;      // ids lie in [0, vocab); 1 to kMaxGridVocab
  int32_t max_ids = 8;    // K: most ids of one law; 1 to kMaxDraftIds, not above vocab or lattice
  int32_t lattice = 100;  // l: shares that a law deals out; 1 to kMaxLattice
  friend bool operator==(const DraftGrid&, const DraftGrid&) = default;
};

constexpr int32_t kMaxGridVocab = 1 << 20;
constexpr int32_t kMaxDraftIds = 64;
constexpr int32_t kMaxLattice = 4096;

struct SparseDraft {
  std::vector<Token> ids{};        // ascending, each once
  std::vector<uint32_t> counts{};  // one an id, at least 1; their sum is the grid's lattice
  friend bool operator==(const SparseDraft&, const SparseDraft&) = default;

  // Where `id` stands; ids.size() if its share is 0.
  size_t Find(Token id) const;
  uint32_t Lattice() const;      // sum of counts
  double Share(Token id) const;  // its probability; 0 outside the support
};

// kUsage with the offending figure.
Status Check(const DraftGrid& grid);
// kProtocol with the offending figure unless `law` is one of the grid's. The grid must have passed Check.
Status Check(const SparseDraft& law, const DraftGrid& grid);
// The same for a block: one law an id, and each id in its law's support.
Status CheckDrafted(std::span<const Token> ids, std::span<const SparseDraft> laws, const DraftGrid& grid);

}  // namespace tandem
