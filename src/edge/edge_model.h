// What the edge loads for a text: the vocabulary always, the draft model unless the cloud writes alone. An
// edge that has no model file takes the vocabulary over from the cloud.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "decode/engine.h"
#include "decode/load_engine.h"
#include "edge/edge_split.h"
#include "edge/generation.h"
#include "edge/vocabulary_client.h"
#include "model/vocab.h"

namespace tandem {

struct EdgeModel {
  std::string path{};  // of the file; empty: the vocabulary is the cloud's
  std::shared_ptr<const Vocab> vocab{};
  std::unique_ptr<Engine> draft{};   // null in mode cloud, and in mode split without look-ahead
  std::optional<EdgeSplit> split{};  // in mode split
  uint64_t vocabulary_bytes = 0;     // of the file that was taken over just now; 0: at hand, or in the cache
  uint64_t vocabulary_link_bytes = 0;  // that the link carried to find that out, both ways
};

// Errors as Vocab::Load and LoadEngine.
Result<EdgeModel> LoadEdgeModel(const std::string& path, Mode mode, const LoadEngineOptions& options);

// For mode cloud, with nothing at hand. Errors as TakeVocabulary.
Result<EdgeModel> TakeEdgeModel(const VocabularySource& source);

// Threads of the machine, at least 1.
int AllThreads();

}  // namespace tandem
