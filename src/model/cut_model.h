// Cuts a part out of a model: some ranges of its layers as a file that loads alone (model/model_part.h).
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/row_statistics.h"
#include "model/stages.h"
#include "model/tensor_hashes.h"

namespace tandem {

// Layers [begin, end), counted from 0. One that begins at 0 takes the embedding along, one that ends with the
// last layer the head and the norm before it; of a model whose head is its embedding, that tensor.
struct LayerRange {
  int begin = 0;
  int end = 0;
  friend bool operator==(const LayerRange&, const LayerRange&) = default;
};

struct CutModelSpec {
  std::string path;                // of a whole GGUF
  std::vector<LayerRange> layers;  // in any order
  std::string cache_folder = HashCacheFolder();
  // What rows at the cuts of these stages are like, for the part to hold; asked once all else was checked.
  // Empty: nothing is known of them.
  std::function<Result<std::vector<RowStatistics>>(std::span<const StageRange> stages, int layers)> measure{};
};

struct CutModelReport {
  std::vector<StageRange> stages;       // in order; ranges that meet are one
  int layers = 0;                       // of the whole model
  uint64_t bytes = 0, whole_bytes = 0;  // of tensor data: of the part, of the whole
  Digest identity{};                    // of the model, as IdentityOf gives it for either file
};

// Writes the part to `out`, which appears only when whole. kUsage for no range, one that is empty, goes past
// the last layer or overlaps another, and for an `out` that is the model itself; kFile and kModel for the
// model (a part is not cut again), kFile when `out` cannot be written; else as spec.measure.
Result<CutModelReport> CutModel(const CutModelSpec& spec, const std::string& out);

}  // namespace tandem
