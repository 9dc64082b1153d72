// A model file as an engine, for those who need not know what either is made of.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "decode/engine.h"
#include "model/stages.h"

namespace tandem {

struct LoadEngineOptions {
  int threads = 1;                     // that compute a step at most
  Pos context = 0;                     // 0: the model's trained one
  std::string device = "auto";         // see FindDevice (model/device.h)
  std::optional<StageRange> stages{};  // nullopt: the whole model
  int max_rows = 512;                  // of one step
};

// Errors as Model::Load and GgmlEngine::Create.
Result<std::unique_ptr<Engine>> LoadEngine(const std::string& path, const LoadEngineOptions& options);

}  // namespace tandem
