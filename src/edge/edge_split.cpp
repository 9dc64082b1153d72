// See edge_split.h.
#include "edge/edge_split.h"

#include "model/model_facts.h"

namespace tandem {

Result<EdgeSplit> LoadEdgeSplit(const std::string& path, int begin, const std::string& codec,
                                const LoadEngineOptions& options) {
  const auto spec = ParseRowCodec(codec);
  if (!spec) return Forward(spec);
  const auto facts = FactsOf(path);
  if (!facts) return Forward(facts);
  if (begin > facts->layers)
    return Fail(ErrorCode::kUsage, "a cut before layer {} of a model that has {}", begin, facts->layers);
  auto rows = RowCodec::Make(*spec, static_cast<size_t>(facts->width));
  if (!rows) return Forward(rows);
  LoadEngineOptions part = options;
  part.first_layers = begin;
  part.max_rows = kBulkRows;  // a step: the cloud begins with the first rows while the next are computed here
  auto engine = LoadEngine(path, part);
  if (!engine) return Forward(engine);
  EdgeSplit split{
      .engine = std::move(*engine),
      .front = nullptr,
      .cut = {.begin = begin, .end = facts->layers, .identity = facts->identity, .codec = Name(*spec)}};
  split.front = std::make_unique<SplitFront>(*split.engine, std::move(*rows), begin, facts->layers);
  return split;
}

}  // namespace tandem
