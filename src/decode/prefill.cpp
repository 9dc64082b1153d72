// Kernel classes of positions, see prefill.h.
#include "decode/prefill.h"

#include <algorithm>
#include <utility>

namespace tandem {
namespace {

Pos RoundUp(Pos p) {
  return (p + kBulkRows - 1) / kBulkRows * kBulkRows;
}
Pos RoundDown(Pos p) {
  return p / kBulkRows * kBulkRows;
}

// Whole aligned blocks of a span, without its last token; empty when there are none.
PromptSpan BulkOf(const PromptSpan& span) {
  const Pos begin = RoundUp(span.begin);
  return {begin, std::max(begin, RoundDown(span.end - 1))};
}

bool IsBulk(std::span<const PromptSpan> spans, Pos at) {
  return std::any_of(spans.begin(), spans.end(), [at](const PromptSpan& span) {
    const PromptSpan bulk = BulkOf(span);
    return at >= bulk.begin && at < bulk.end;
  });
}

void Append(std::vector<PrefillChunk>& chunks, Pos begin, Pos end, bool bulk, Pos step) {
  for (; begin < end; begin += step) chunks.push_back({begin, std::min(end, begin + step), bulk});
}

}  // namespace

std::vector<PrefillChunk> PlanPrefill(std::span<const PromptSpan> spans, Pos from, Pos to, int max_rows) {
  std::vector<PrefillChunk> chunks;
  const Pos small_step = std::max(max_rows, kBulkRows);
  const Pos bulk_step = RoundDown(small_step);
  Pos at = from;
  for (const PromptSpan& span : spans) {
    const PromptSpan bulk = BulkOf(span);
    const Pos begin = std::max(at, bulk.begin);
    const Pos end = RoundDown(std::min(to, bulk.end));
    if (begin >= end) continue;
    Append(chunks, at, begin, false, small_step);
    Append(chunks, begin, end, true, bulk_step);
    at = end;
  }
  // What is left of `to` belongs to no whole block, unless `to` cuts one: then it must not be computed in
  // small rows.
  const Pos stop = PrefillStart(spans, to);
  Append(chunks, at, std::max(at, stop), false, small_step);
  return chunks;
}

std::optional<PrefillChunk> NextChunk(std::span<const PromptSpan> spans, Pos from, Pos to, int budget) {
  if (budget < 1) return std::nullopt;
  const std::vector<PrefillChunk> chunks = PlanPrefill(spans, from, to, budget);
  if (chunks.empty()) return std::nullopt;
  PrefillChunk chunk = chunks.front();
  if (chunk.bulk && chunk.end - chunk.begin > budget) return std::nullopt;
  chunk.end = std::min(chunk.end, chunk.begin + budget);
  return chunk;
}

Pos PrefillStart(std::span<const PromptSpan> spans, Pos length) {
  for (const PromptSpan& span : spans) {
    const PromptSpan bulk = BulkOf(span);
    if (length > bulk.begin && length < bulk.end) return RoundDown(length);
  }
  return length;
}

Pos SameClassesUntil(std::span<const PromptSpan> a, std::span<const PromptSpan> b, Pos limit) {
  // A class holds from one end of a bulk stretch to the next, so that it is enough to look there.
  Pos first = limit;
  for (const auto& [own, other] : {std::pair{a, b}, std::pair{b, a}}) {
    for (const PromptSpan& span : own) {
      const PromptSpan bulk = BulkOf(span);
      if (bulk.begin == bulk.end) continue;
      for (const Pos edge : {bulk.begin, bulk.end}) {
        if (edge < first && IsBulk(own, edge) != IsBulk(other, edge)) first = edge;
      }
    }
  }
  return first;
}

}  // namespace tandem
