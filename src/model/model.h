// A GGUF becomes a Model: hyper-parameters and the weights of a contiguous range of stages on a device:
// mapped from the file and, where the CPU backend has faster kernels for another layout, repacked into
// memory; or in the memory of a GPU.
#pragma once

#include <ggml-backend.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "model/hparams.h"
#include "model/stages.h"
#include "model/weights.h"

namespace tandem {

class GgufFile;
class WeightStore;

struct LoadOptions {
  std::optional<StageRange> stages{};  // nullopt: the whole model
  bool repack = true;                  // use the CPU backend's repacked layouts (faster, costs load time)
  bool mmap = true;                    // false: read the weights into memory instead of mapping the file
  std::string device = "auto";         // where steps are computed: see FindDevice (model/device.h)
};

// Immutable; share one between engines and threads.
class Model {
 public:
  // Errors: kUsage for an unknown device and a range that is empty or past the model's end, kFile and kModel
  // as CheckModel says (the message starts with the path), kModel for stages that a part of a model
  // (model/model_part.h) has not, kResource when memory for repacked weights cannot be had.
  static Result<std::shared_ptr<const Model>> Load(const std::string& path, const LoadOptions& options = {});
  // A model that shows `stages` of this one's and shares its weights: nothing is read or copied, and either
  // may outlive the other. kUsage when they are empty or not all loaded here.
  Result<std::shared_ptr<const Model>> Range(StageRange stages) const;
  ~Model();
  Model(const Model&) = delete;
  Model& operator=(const Model&) = delete;

  const std::string& path() const { return path_; }
  const Hparams& hparams() const { return hparams_; }
  StageRange stages() const { return stages_; }
  bool IsWhole() const { return stages_ == WholeModel(hparams_.layers); }
  const Weights& weights() const { return weights_; }
  ggml_backend_dev_t device() const { return device_; }
  bool repack() const { return repack_; }            // LoadOptions::repack
  bool IsRepacked(const ggml_tensor* weight) const;  // lies in a repacked layout
  // Of all tensors that were loaded, those that a Range does not show included: read from the mapping,
  size_t mapped_bytes() const;
  size_t copied_bytes() const;  // ... and held in memory of our own (repacked, or mmap = false)

 private:
  Model(std::string path, Hparams hparams, StageRange stages);

  std::string path_;
  Hparams hparams_;
  StageRange stages_;
  ggml_backend_dev_t device_ = nullptr;
  bool repack_ = true;
  std::shared_ptr<const WeightStore> store_;
  Weights weights_;
};

}  // namespace tandem
