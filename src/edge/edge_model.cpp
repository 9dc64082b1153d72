// See edge_model.h.
#include "edge/edge_model.h"

#include <algorithm>
#include <thread>

namespace tandem {

Result<EdgeModel> LoadEdgeVocabulary(const std::string& path) {
  auto vocab = Vocab::Load(path);
  if (!vocab) return Forward(vocab);
  return EdgeModel{.path = path, .vocab = *vocab};
}

Result<EdgeModel> LoadEdgeModel(const std::string& path, Mode mode, const LoadEngineOptions& options) {
  auto edge = LoadEdgeVocabulary(path);
  if (!edge || mode == Mode::kCloud) return edge;
  auto engine = LoadEngine(path, options);
  if (!engine) return Forward(engine);
  edge->draft = std::move(*engine);
  return edge;
}

Result<EdgeModel> TakeEdgeModel(const VocabularySource& source) {
  auto taken = TakeVocabulary(source);
  if (!taken) return Forward(taken);
  return EdgeModel{.vocab = taken->vocab,
                   .vocabulary_bytes = taken->transferred,
                   .vocabulary_link_bytes = taken->link_bytes};
}

int AllThreads() {
  return static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
}

}  // namespace tandem
