// See layer_ranges.h.
#include "cli/layer_ranges.h"

#include <limits>
#include <optional>

#include "cli/numbers.h"
#include "cli/output.h"

namespace tandem {

namespace {

std::optional<int> ParseLayer(std::string_view text) {
  const std::optional<int64_t> n = ParseInteger(text);
  if (!n || *n < 0 || *n > std::numeric_limits<int>::max()) return std::nullopt;
  return static_cast<int>(*n);
}

}  // namespace

Result<std::vector<LayerRange>> ParseLayerRanges(std::string_view text) {
  std::vector<LayerRange> ranges;
  for (std::string_view rest = text;;) {
    const size_t comma = rest.find(',');
    const std::string_view range = rest.substr(0, comma);
    const size_t colon = range.find(':');
    const auto begin = ParseLayer(range.substr(0, colon));
    const auto end = colon == range.npos ? std::nullopt : ParseLayer(range.substr(colon + 1));
    if (!begin || !end)
      return Fail(ErrorCode::kUsage,
                  "--layers is '{}' but must be ranges A:B of layers, like 0:2 or 0:2,10:12",
                  Printable(text));
    ranges.push_back({*begin, *end});
    if (comma == rest.npos) return ranges;
    rest.remove_prefix(comma + 1);
  }
}

Result<CutChange> ParseRecut(std::string_view text) {
  const size_t colon = text.find(':');
  const auto after = ParseUnsigned(text.substr(0, colon));
  const auto begin = colon == text.npos ? std::nullopt : ParseLayer(text.substr(colon + 1));
  if (after && begin) return CutChange{*after, *begin};
  return Fail(ErrorCode::kUsage, "--recut '{}', expected TOKENS:LAYERS like 40:2", Printable(text));
}

Result<LayersAway> ParseSplit(std::string_view text) {
  const size_t colon = text.find(':');
  const auto begin = ParseLayer(text.substr(0, colon));
  const auto end = colon == text.npos ? std::nullopt : ParseLayer(text.substr(colon + 1));
  if (begin && (end || colon == text.npos)) return LayersAway{*begin, end};
  return Fail(ErrorCode::kUsage, "--split is '{}' but must be K, or layers A:B, like 3 or 3:9",
              Printable(text));
}

Result<std::vector<int>> ParseCuts(std::string_view text, int layers) {
  std::vector<int> cuts;
  for (std::string_view rest = text;;) {
    const size_t comma = rest.find(',');
    const auto cut = ParseLayer(rest.substr(0, comma));
    if (!cut || *cut > layers || (!cuts.empty() && *cut <= cuts.back()))
      return Fail(ErrorCode::kUsage, "--cuts is '{}' but must be rising numbers from 0 to {}, like 0,1,3",
                  Printable(text), layers);
    cuts.push_back(*cut);
    if (comma == rest.npos) return cuts;
    rest.remove_prefix(comma + 1);
  }
}

}  // namespace tandem
