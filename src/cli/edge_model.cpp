// See edge_model.h.
#include "cli/edge_model.h"

#include <algorithm>
#include <thread>

#include "decode/ggml_engine.h"
#include "model/model.h"

namespace tandem {

Result<EdgeModel> LoadEdgeModel(const std::string& path, Mode mode, const EdgeModelOptions& edge_options) {
  EdgeModel edge{path, nullptr, nullptr};
  auto vocab = Vocab::Load(path);
  if (!vocab) return Forward(vocab);
  edge.vocab = *vocab;
  if (mode == Mode::kCloud) return edge;

  auto model = Model::Load(path, {.device = edge_options.device});
  if (!model) return Forward(model);
  GgmlEngineOptions options;
  options.threads = edge_options.threads;
  options.context = edge_options.context;
  auto engine = GgmlEngine::Create(*model, options);
  if (!engine) return Forward(engine);
  edge.draft = std::move(*engine);
  return edge;
}

int AllThreads() {
  return static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
}

}  // namespace tandem
