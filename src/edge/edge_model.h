// What the edge loads for a text: the vocabulary always, the draft model unless the cloud writes alone or
// drafts are looked up in the text. An
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
#include "edge/moving_cut.h"
#include "edge/vocabulary_client.h"
#include "model/vocab.h"

namespace tandem {

struct EdgeModel {
  std::string path{};  // of the file; empty: the vocabulary is the cloud's
  std::shared_ptr<const Vocab> vocab{};
  std::unique_ptr<Engine> draft{};    // null where no model drafts
  std::optional<EdgeSplit> split{};   // in mode split
  std::optional<MovingCut> moving{};  // ... where the cut moves
  uint64_t vocabulary_bytes = 0;      // of the file that was taken over just now; 0: at hand, or in the cache
  uint64_t vocabulary_link_bytes = 0;  // that the link carried to find that out, both ways
};

// Errors as Vocab::Load and LoadEngine.
Result<EdgeModel> LoadEdgeModel(const std::string& path, Mode mode, const LoadEngineOptions& options);

// The file's vocabulary alone. Errors as Vocab::Load.
Result<EdgeModel> LoadEdgeVocabulary(const std::string& path);

// Where no model drafts, with nothing at hand. Errors as TakeVocabulary.
Result<EdgeModel> TakeEdgeModel(const VocabularySource& source);

// Threads of the machine, at least 1.
int AllThreads();

}  // namespace tandem
