// A model file as an engine, for those who need not know what either is made of.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "decode/engine.h"

namespace tandem {

struct LoadEngineOptions {
  int threads = 1;              // that compute a step at most
  Pos context = 0;              // 0: the model's trained one
  std::string device = "auto";  // see FindDevice (model/device.h)
  int first_layers = -1;        // not below 0: only the embedding and so many layers, without the head
  int max_rows = 512;           // of one step
};

// Errors as Model::Load and GgmlEngine::Create.
Result<std::unique_ptr<Engine>> LoadEngine(const std::string& path, const LoadEngineOptions& options);

}  // namespace tandem
