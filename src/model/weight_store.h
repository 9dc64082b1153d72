// Owns the memory behind a model's tensors: a view of the mapped file for tensors used as they lie there,
// buffers of our own for those that the CPU backend wants in another layout, and of the device for those that
// it can compute with.
#pragma once

#include <ggml-backend.h>
#include <ggml-cpp.h>

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/arch/arch.h"
#include "model/gguf_header.h"
#include "model/mapped_file.h"
#include "model/tensor_check.h"

namespace tandem {

struct WeightPlacement {
  ggml_backend_dev_t device = nullptr;
  bool repack = true;  // what the CPU multiplies lies in its faster layouts
  bool mmap = true;    // what the CPU uses as it lies in the file stays there
};

class WeightStore {
 public:
  // Fills every wish's slot. `header` describes `file`; wishes were checked against it (CheckTensors). What
  // `device` cannot multiply or look up stays with the CPU, and ggml's scheduler computes it there.
  static Result<std::unique_ptr<WeightStore>> Load(std::shared_ptr<const MappedFile> file,
                                                   const GgufHeader& header, const TensorWishes& wishes,
                                                   const WeightPlacement& placement);

  size_t mapped_bytes() const { return mapped_bytes_; }
  size_t copied_bytes() const { return copied_bytes_; }
  static bool IsRepacked(const ggml_tensor* tensor);  // in one of the CPU backend's own layouts

 private:
  explicit WeightStore(std::shared_ptr<const MappedFile> file) : file_(std::move(file)) {}

  // Tensors that go to one buffer type; a null type means the mapping.
  struct Group {
    ggml_backend_buffer_type_t type = nullptr;
    ggml_context_ptr tensors;
    ggml_backend_buffer_ptr buffer;
    std::vector<std::pair<ggml_tensor*, const GgufTensor*>> sources;
  };

  Group& GroupOf(ggml_backend_buffer_type_t type, size_t max_tensors);
  Status Map(Group& group);
  Status Copy(Group& group);

  std::shared_ptr<const MappedFile> file_;  // outlives the buffers below
  std::vector<Group> groups_;
  size_t mapped_bytes_ = 0, copied_bytes_ = 0;
};

}  // namespace tandem
