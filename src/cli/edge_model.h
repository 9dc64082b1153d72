// What the edge loads for a text: the vocabulary always, the draft model unless the cloud writes alone.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "decode/engine.h"
#include "edge/generation.h"
#include "model/vocab.h"

namespace tandem {

struct EdgeModel {
  std::string path;
  std::shared_ptr<const Vocab> vocab;
  std::unique_ptr<Engine> draft;  // null in mode cloud
};

struct EdgeModelOptions {
  int threads = 1;
  Pos context = 0;              // 0: the model's trained one
  std::string device = "auto";  // see FindDevice (model/device.h)
};

// Errors as Vocab::Load, Model::Load and GgmlEngine::Create.
Result<EdgeModel> LoadEdgeModel(const std::string& path, Mode mode, const EdgeModelOptions& options);

// Threads of the machine, at least 1.
int AllThreads();

}  // namespace tandem
