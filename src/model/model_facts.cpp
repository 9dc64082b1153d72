// See model_facts.h.
#include "model/model_facts.h"

#include "model/gguf_file.h"
#include "model/hparams.h"
#include "model/tensor_hashes.h"

namespace tandem {

Result<ModelFacts> FactsOf(const std::string& path) {
  const auto file = OpenGguf(path);
  if (!file) return Forward(file);
  const auto shape = ReadHparams(file->header());
  if (!shape) return Forward(shape);
  auto rows = ReadRowStatistics(file->header(), *shape);
  if (!rows) return Fail(rows.error().code, "{}: {}", path, rows.error().message);
  const auto identity = IdentityOf(path);
  if (!identity) return Forward(identity);
  return ModelFacts{shape->layers, shape->width, *identity, std::move(*rows)};
}

}  // namespace tandem
