// Prompts within a text, as peers and callers give them: where they break the rules.
#pragma once

#include <optional>
#include <span>

#include "base/types.h"

namespace tandem {

struct SpanMisfit {
  PromptSpan span;  // the first that is empty, begins before `after` or ends past the text
  Pos after = 0;    // the end of the one before it
};

// nullopt: `spans` are in order, disjoint, not empty, and within [0, length).
inline std::optional<SpanMisfit> FindMisfit(std::span<const PromptSpan> spans, size_t length) {
  Pos end = 0;
  for (const PromptSpan& span : spans) {
    if (span.begin < end || span.end <= span.begin || static_cast<size_t>(span.end) > length)
      return SpanMisfit{span, end};
    end = span.end;
  }
  return std::nullopt;
}

}  // namespace tandem
