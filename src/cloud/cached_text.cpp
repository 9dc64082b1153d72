// See cached_text.h.
#include "cloud/cached_text.h"

#include <algorithm>

#include "decode/prefill.h"

namespace tandem {

Pos SharedRows(const TextView& cached, const TextView& text) {
  const auto differs = std::mismatch(cached.ids.begin(), cached.ids.end(), text.ids.begin(), text.ids.end());
  const auto equal = static_cast<Pos>(differs.second - text.ids.begin());
  return PrefillStart(text.spans, SameClassesUntil(cached.spans, text.spans, equal));
}

}  // namespace tandem
