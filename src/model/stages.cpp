// See stages.h.
#include "model/stages.h"

#include <fmt/format.h>

namespace tandem {

std::string StagesText(std::span<const StageRange> ranges, int layers) {
  std::string text;
  for (const StageRange& range : ranges) {
    const int first = range.FirstLayer(), last = range.LastLayer(layers);
    const bool embedding = range.HasEmbedding(), head = range.HasHead(layers);
    if (!text.empty()) text += ", ";
    if (embedding) text += "the embedding";
    if (first < last)
      text += fmt::format("{}layers {}:{}", !embedding ? "" : head ? ", " : " and ", first, last);
    if (head) text += embedding || first < last ? " and the head" : "the head";
  }
  return text;
}

}  // namespace tandem
