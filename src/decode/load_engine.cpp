// See load_engine.h.
#include "decode/load_engine.h"

#include "decode/ggml_engine.h"
#include "model/model.h"

namespace tandem {

Result<std::unique_ptr<Engine>> LoadEngine(const std::string& path, const LoadEngineOptions& options) {
  auto model = Model::Load(path, {.stages = options.stages, .device = options.device});
  if (!model) return Forward(model);
  GgmlEngineOptions engine_options;
  engine_options.max_rows = options.max_rows;
  engine_options.threads = options.threads;
  engine_options.context = options.context;
  auto engine = GgmlEngine::Create(*model, engine_options);
  if (!engine) return Forward(engine);
  return std::unique_ptr<Engine>(std::move(*engine));
}

}  // namespace tandem
