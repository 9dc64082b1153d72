// See prefix_cache.h.
#include "cloud/prefix_cache.h"

#include <algorithm>
#include <numeric>

#include "decode/prefill.h"

namespace tandem {

namespace {

// Fewer rows are computed as fast as they are looked for.
constexpr Pos kWorthwhile = kBulkRows;

}  // namespace

void PrefixCache::Keep(CachedText text) {
  const auto length = static_cast<Pos>(text.ids.size());
  if (most_ == 0 || length < kWorthwhile) return;
  // Of two that continue each other the longer one serves both.
  for (auto it = kept_.begin(); it != kept_.end();) {
    const Pos shared = SharedRows(it->view(), text.view());
    if (shared == length) return kept_.splice(kept_.begin(), kept_, it);
    it = shared == static_cast<Pos>(it->ids.size()) ? kept_.erase(it) : std::next(it);
  }
  kept_.push_front(std::move(text));
  if (texts() > most_) kept_.pop_back();
}

bool PrefixCache::DropOldest() {
  if (kept_.empty()) return false;
  kept_.pop_back();
  return true;
}

Pos PrefixCache::Serve(Session& session, Sessions all) {
  if (most_ == 0 || !session.WantsPrefill()) return 0;
  const TextView wanted = session.prompt();
  Pos best = session.cached().ids.size() + kWorthwhile - 1;
  std::optional<SeqId> from;
  const auto offer = [&](const TextView& text, SeqId seq) {
    const Pos shared = static_cast<Pos>(text.ids.size()) > best ? SharedRows(text, wanted) : 0;
    if (shared <= best) return false;
    best = shared;
    from = seq;
    return true;
  };
  for (const auto& other : all) {
    if (other.get() != &session) offer(other->cached(), other->seq());
  }
  auto useful = kept_.end();
  for (auto it = kept_.begin(); it != kept_.end(); ++it) {
    if (offer(it->view(), it->lease->seq())) useful = it;
  }
  if (!from) return 0;
  if (useful != kept_.end()) kept_.splice(kept_.begin(), kept_, useful);
  return session.Adopt(*from, best);
}

bool PrefixCache::HadBetterWait(const Session& session, Sessions all) const {
  if (most_ == 0 || !session.WantsPrefill()) return false;
  const size_t cached = session.cached().ids.size();
  bool before = true;  // sessions ahead of it in `all`
  for (const auto& other : all) {
    if (other.get() == &session) {
      before = false;
      continue;
    }
    if (!other->WantsPrefill()) continue;
    const size_t others = other->cached().ids.size();
    // One of two always goes on: the one that is further, of equals the first.
    if (others < cached || (others == cached && !before)) continue;
    const auto shared = static_cast<size_t>(SharedRows(other->prompt(), session.prompt()));
    if (shared >= cached + static_cast<size_t>(kWorthwhile)) return true;
  }
  return false;
}

int64_t PrefixCache::positions() const {
  return std::accumulate(kept_.begin(), kept_.end(), int64_t{0}, [](int64_t sum, const CachedText& text) {
    return sum + static_cast<int64_t>(text.ids.size());
  });
}

}  // namespace tandem
