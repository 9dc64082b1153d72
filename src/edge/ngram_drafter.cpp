// See ngram_drafter.h.
#include "edge/ngram_drafter.h"

#include <algorithm>
#include <utility>

namespace tandem {

namespace {

constexpr size_t kSmallest = 1024;  // places in the table
constexpr size_t kPlacesAnId = 8;   // each id ends three n-grams

}  // namespace

NgramDrafter::NgramDrafter() : table_(kSmallest, 0) {}

// Fibonacci hashing (Knuth, TAOCP 3, 6.4), an id at a time; the high bits are the good ones.
size_t NgramDrafter::Slot(int32_t n) const {
  constexpr uint64_t kGolden = 0x9E3779B97F4A7C15ull;
  auto hash = static_cast<uint64_t>(n);
  for (auto id = ids_.end() - n; id != ids_.end(); ++id)
    hash = (hash ^ (hash >> 32) ^ static_cast<uint32_t>(*id)) * kGolden;
  return static_cast<size_t>(hash >> 32) & (table_.size() - 1);
}

void NgramDrafter::Enter() {
  Ends displaced{};
  const auto longest = static_cast<int32_t>(std::min<size_t>(kLongest, ids_.size()));
  for (int32_t n = 1; n <= longest; ++n)
    displaced[static_cast<size_t>(n - 1)] =
        std::exchange(table_[Slot(n)], static_cast<uint32_t>(ids_.size()));
  displaced_.push_back(displaced);
}

void NgramDrafter::Push(Token id) {
  ids_.push_back(id);
  if (ids_.size() * kPlacesAnId > table_.size()) return Grow();
  Enter();
}

void NgramDrafter::Pop() {
  const auto longest = static_cast<int32_t>(std::min<size_t>(kLongest, ids_.size()));
  for (int32_t n = longest; n >= 1; --n) table_[Slot(n)] = displaced_.back()[static_cast<size_t>(n - 1)];
  displaced_.pop_back();
  ids_.pop_back();
}

void NgramDrafter::Grow() {
  table_.assign(2 * table_.size(), 0);
  displaced_.clear();
  for (const Token id : std::exchange(ids_, {})) {
    ids_.push_back(id);
    Enter();
  }
}

int32_t NgramDrafter::MatchBefore(size_t end) const {
  int32_t match = 0;
  while (match < kMostMatch && static_cast<size_t>(match) < end &&
         ids_[end - 1 - static_cast<size_t>(match)] == ids_[ids_.size() - 1 - static_cast<size_t>(match)])
    ++match;
  return match;
}

std::optional<size_t> NgramDrafter::Before(int32_t n) const {
  const size_t end = displaced_.back()[static_cast<size_t>(n - 1)];
  // Two suffixes of one end may share a place: then the one finds the other, and not an earlier end.
  if (end == 0 || end == ids_.size() || MatchBefore(end) < n) return std::nullopt;
  return end;
}

std::optional<NgramDrafter::Guess> NgramDrafter::Next(std::span<const Token> text,
                                                      std::span<const Token> drafts) {
  const auto wanted = [&](size_t i) { return i < text.size() ? text[i] : drafts[i - text.size()]; };
  const size_t total = text.size() + drafts.size();
  size_t at = certain_;
  while (at < std::min(ids_.size(), total) && ids_[at] == wanted(at)) ++at;
  while (ids_.size() > at) Pop();
  for (; at < total; ++at) Push(wanted(at));
  certain_ = text.size();
  for (int32_t n = static_cast<int32_t>(std::min<size_t>(kLongest, total)); n >= 1; --n) {
    if (const auto end = Before(n)) return Guess{ids_[*end], MatchBefore(*end)};
  }
  return std::nullopt;
}

}  // namespace tandem
