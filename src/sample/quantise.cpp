// See quantise.h.
#include "sample/quantise.h"

#include <algorithm>
#include <cmath>

namespace tandem {
namespace {

struct Portion {
  Token id = kNoToken;
  uint32_t count = 0;
  double rest = 0.0;  // of the exact share, below 1
};

// Shares rounded down, in the distribution's order.
std::vector<Portion> FloorShares(std::span<const Candidate> kept, int32_t lattice) {
  double mass = 0.0;
  for (const Candidate& c : kept) mass += c.p;
  std::vector<Portion> portions;
  for (const Candidate& c : kept) {
    const double share = std::min(c.p / mass, 1.0) * lattice;
    const double whole = std::floor(share);
    portions.push_back({c.id, static_cast<uint32_t>(whole), share - whole});
  }
  return portions;
}

// One more for the largest remainders; ties to the likelier candidate, which comes first.
void DealRest(std::vector<Portion>& portions, int32_t lattice) {
  int64_t rest = lattice;
  for (const Portion& p : portions) rest -= p.count;
  std::stable_sort(portions.begin(), portions.end(),
                   [](const Portion& a, const Portion& b) { return a.rest > b.rest; });
  for (size_t i = 0; rest > 0; i = (i + 1) % portions.size(), --rest) ++portions[i].count;
}

}  // namespace

SparseDraft Quantise(const Distribution& draft, const DraftGrid& grid) {
  if (draft.empty()) return {};
  const size_t kept = std::min(draft.size(), static_cast<size_t>(grid.max_ids));
  std::vector<Portion> portions = FloorShares(std::span(draft).first(kept), grid.lattice);
  DealRest(portions, grid.lattice);
  std::erase_if(portions, [](const Portion& p) { return p.count == 0; });
  std::sort(portions.begin(), portions.end(), [](const Portion& a, const Portion& b) { return a.id < b.id; });
  SparseDraft law;
  for (const Portion& p : portions) {
    law.ids.push_back(p.id);
    law.counts.push_back(p.count);
  }
  return law;
}

Token DrawDraft(const SparseDraft& law, const BlockKey& block, Pos position, Draws& draws) {
  if (law.ids.empty()) return kNoToken;
  const std::vector<double> weights(law.counts.begin(), law.counts.end());
  return law.ids[draws.Pick({block, position, NoisePurpose::kDraft}, weights)];
}

}  // namespace tandem
