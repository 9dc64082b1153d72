// Which kernel computes a position's row: a function of the position and the prompt spans alone, never of
// load or mode, so that every mode, replica and rebuilt cache computes the same bits (../docs/exactness.md).
//
// ggml's CPU attention has two classes of kernels that round differently: nodes of 64 and more query rows,
// and nodes of 2 to 63. So whole 64-aligned blocks of a prompt go in bulk, and all the rest (a prompt's tail,
// its last token, and everything generated) goes in small nodes.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "base/types.h"

namespace tandem {

constexpr Pos kBulkRows = 64;  // alignment and unit of bulk blocks, in positions

struct PrefillChunk {
  Pos begin = 0;
  Pos end = 0;
  bool bulk = false;
};

// Chunks that compute [from, PrefillStart(spans, to)) in order, each at most max_rows long (a smaller
// max_rows counts as kBulkRows) and of one class: a bulk block that `to` cuts is left until it is whole.
// Spans are in order, disjoint and not negative; `from` must not lie inside a bulk block: see PrefillStart.
std::vector<PrefillChunk> PlanPrefill(std::span<const PromptSpan> spans, Pos from, Pos to, int max_rows);

// The first of these chunks in a step that has room for `budget` rows, or as much of it as fits; nullopt when
// there is none, or when it is in bulk and does not fit.
std::optional<PrefillChunk> NextChunk(std::span<const PromptSpan> spans, Pos from, Pos to, int budget);

// The largest position <= length from which PlanPrefill can go on: `length` itself, or the begin of the bulk
// block it cuts (a cache that long must be truncated to it).
Pos PrefillStart(std::span<const PromptSpan> spans, Pos length);

// Positions below it have the same class under both prompts; `limit` when all below `limit` have.
Pos SameClassesUntil(std::span<const PromptSpan> a, std::span<const PromptSpan> b, Pos limit);

}  // namespace tandem
