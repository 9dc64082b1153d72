// See sparse_draft.h.
#include "base/sparse_draft.h"

#include <algorithm>
#include <numeric>

namespace tandem {
namespace {

Status InRange(const char* what, int32_t value, int32_t most) {
  if (value >= 1 && value <= most) return {};
  return Fail(ErrorCode::kUsage, "a draft grid's {} is {}, outside 1..{}", what, value, most);
}

}  // namespace

size_t SparseDraft::Find(Token id) const {
  const auto at = std::lower_bound(ids.begin(), ids.end(), id);
  return at != ids.end() && *at == id ? static_cast<size_t>(at - ids.begin()) : ids.size();
}

uint32_t SparseDraft::Lattice() const {
  return std::accumulate(counts.begin(), counts.end(), 0u);
}

double SparseDraft::Share(Token id) const {
  const size_t at = Find(id);
  return at < ids.size() ? static_cast<double>(counts[at]) / Lattice() : 0.0;
}

Status Check(const DraftGrid& grid) {
  if (Status s = InRange("vocabulary", grid.vocab, kMaxGridVocab); !s) return s;
  if (Status s = InRange("lattice", grid.lattice, kMaxLattice); !s) return s;
  return InRange("number of ids", grid.max_ids, std::min({kMaxDraftIds, grid.vocab, grid.lattice}));
}

Status Check(const SparseDraft& law, const DraftGrid& grid) {
  const auto most = static_cast<size_t>(grid.max_ids);
  if (law.ids.empty() || law.ids.size() > most || law.ids.size() != law.counts.size()) {
    return Fail(ErrorCode::kProtocol, "a draft law has {} ids and {} counts, not 1..{} of each",
                law.ids.size(), law.counts.size(), most);
  }
  Token least = 0;
  uint64_t sum = 0;
  for (size_t i = 0; i < law.ids.size(); ++i) {
    if (law.ids[i] < least || law.ids[i] >= grid.vocab) {
      return Fail(ErrorCode::kProtocol, "id {} of a draft law is {}, outside {}..{}", i, law.ids[i], least,
                  grid.vocab - 1);
    }
    if (law.counts[i] == 0)
      return Fail(ErrorCode::kProtocol, "id {} of a draft law has no share", law.ids[i]);
    least = law.ids[i] + 1;
    sum += law.counts[i];
  }
  if (sum == static_cast<uint64_t>(grid.lattice)) return {};
  return Fail(ErrorCode::kProtocol, "a draft law deals out {} shares of {}", sum, grid.lattice);
}

Status CheckDrafted(std::span<const Token> ids, std::span<const SparseDraft> laws, const DraftGrid& grid) {
  if (ids.size() != laws.size()) {
    return Fail(ErrorCode::kProtocol, "{} drafted ids come with {} laws", ids.size(), laws.size());
  }
  for (size_t i = 0; i < ids.size(); ++i) {
    if (Status s = Check(laws[i], grid); !s) return s;
    if (laws[i].Find(ids[i]) == laws[i].ids.size()) {
      return Fail(ErrorCode::kProtocol, "drafted id {} is outside its own law", ids[i]);
    }
  }
  return {};
}

}  // namespace tandem
