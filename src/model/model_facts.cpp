// See model_facts.h.
#include "model/model_facts.h"

#include "model/gguf_file.h"
#include "model/hparams.h"
#include "model/model_part.h"
#include "model/tensor_hashes.h"

namespace tandem {

namespace {

Result<int> FirstLayers(const GgufHeader& header, int layers) {
  if (!IsModelPart(header)) return layers;
  const auto part = ReadModelPart(header, layers);
  if (!part) return Forward(part);
  const bool begins = !part->stages.empty() && part->stages.front().begin == 0;
  return begins ? part->stages.front().LastLayer(layers) : 0;
}

// Of a gated feed-forward; one that is not gated has a third less of that.
double LayerValues(const Hparams& shape) {
  return double{1} * shape.width * (2 * shape.q_width() + 2 * shape.kv_width() + 3 * shape.ff);
}

}  // namespace

Result<ModelFacts> FactsOf(const std::string& path) {
  const auto file = OpenGguf(path);
  if (!file) return Forward(file);
  const auto shape = ReadHparams(file->header());
  if (!shape) return Forward(shape);
  const auto first = FirstLayers(file->header(), shape->layers);
  if (!first) return Forward(first);
  auto rows = ReadRowStatistics(file->header(), *shape);
  if (!rows) return Fail(rows.error().code, "{}: {}", path, rows.error().message);
  const auto identity = IdentityOf(path);
  if (!identity) return Forward(identity);
  return ModelFacts{.layers = shape->layers,
                    .width = shape->width,
                    .first_layers = *first,
                    .layer_values = LayerValues(*shape),
                    .head_values = double{1} * shape->vocab_rows * shape->width,
                    .identity = *identity,
                    .rows = std::move(*rows)};
}

}  // namespace tandem
