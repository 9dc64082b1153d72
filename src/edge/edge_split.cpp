// See edge_split.h.
#include "edge/edge_split.h"

#include "model/gguf_file.h"
#include "model/hparams.h"
#include "model/tensor_hashes.h"

namespace tandem {

Result<EdgeSplit> LoadEdgeSplit(const std::string& path, int begin, const std::string& codec,
                                const LoadEngineOptions& options) {
  const auto spec = ParseRowCodec(codec);
  if (!spec) return Forward(spec);
  const auto file = OpenGguf(path);
  if (!file) return Forward(file);
  const auto shape = ReadHparams(file->header());
  if (!shape) return Forward(shape);
  if (begin > shape->layers)
    return Fail(ErrorCode::kUsage, "a cut before layer {} of a model that has {}", begin, shape->layers);
  auto rows = RowCodec::Make(*spec, static_cast<size_t>(shape->width));
  if (!rows) return Forward(rows);
  const auto identity = IdentityOf(path);
  if (!identity) return Forward(identity);
  LoadEngineOptions part = options;
  part.first_layers = begin;
  part.max_rows = kBulkRows;  // a step: the cloud begins with the first rows while the next are computed here
  auto engine = LoadEngine(path, part);
  if (!engine) return Forward(engine);
  EdgeSplit split{.engine = std::move(*engine),
                  .front = nullptr,
                  .cut = {.begin = begin, .end = shape->layers, .identity = *identity, .codec = Name(*spec)}};
  split.front = std::make_unique<SplitFront>(*split.engine, std::move(*rows), begin, shape->layers);
  return split;
}

}  // namespace tandem
