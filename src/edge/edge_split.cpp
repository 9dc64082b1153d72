// See edge_split.h.
#include "edge/edge_split.h"

#include "decode/ggml_engine.h"
#include "model/gguf_file.h"
#include "model/tensor_hashes.h"

namespace tandem {

Result<EdgeSplit> LoadEdgeSplit(const std::string& path, int begin, const std::string& codec,
                                const LoadEngineOptions& options) {
  const auto spec = ParseRowCodec(codec);
  if (!spec) return Forward(spec);
  const auto model = Model::Load(path, {.stages = StageRange{0, begin + 1}, .device = options.device});
  if (!model) return Forward(model);
  const Hparams& hp = (*model)->hparams();
  if (begin > hp.layers)
    return Fail(ErrorCode::kUsage, "a cut before layer {} of a model that has {}", begin, hp.layers);
  auto rows = RowCodec::Make(*spec, static_cast<size_t>(hp.width));
  if (!rows) return Forward(rows);
  const auto identity = IdentityOf(path);
  if (!identity) return Forward(identity);
  // One bulk block a step: the cloud begins with the first rows while the next are computed here.
  auto engine = GgmlEngine::Create(
      *model, {.context = options.context, .threads = options.threads, .max_rows = kBulkRows});
  if (!engine) return Forward(engine);
  EdgeSplit split{.engine = std::move(*engine),
                  .front = nullptr,
                  .cut = {.begin = begin, .end = hp.layers, .identity = *identity, .codec = Name(*spec)}};
  split.front = std::make_unique<SplitFront>(*split.engine, std::move(*rows), begin, hp.layers);
  return split;
}

}  // namespace tandem
