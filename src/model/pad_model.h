// The same function at a larger cost: a model whose text is unchanged, but whose step takes as long as a
// larger one's. Feed-forward columns of zeros add nothing, and a layer whose two output projections are zero
// leaves the hidden row as it is.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"

namespace tandem {

struct PadModelSpec {
  std::string path;           // of the GGUF to pad
  std::optional<int> layers;  // in all, not fewer than it has; identity layers are put after its own
  std::optional<int> ff;      // feed-forward width in all, not less than it has
};

struct PadModelReport {
  int layers = 0, ff = 0;  // of the padded model
  uint64_t bytes = 0;      // of tensor data
};

// Writes the padded model to `out`, which appears only when whole. The weights that were there are copied
// block by block; added blocks are zero in whatever type the tensor has. An added layer's other weights are
// those of the layers that the model has, in turn, so that its arithmetic is that of a real one. kUsage for
// figures below the model's or a width that does not fit the blocks of ffn_down's type, kFile and kModel for
// the file itself.
//
// Logits equal the original's bit for bit where the CPU's dot products take the added blocks last and alone:
// in every type of tests/pad_logits_test.cpp.
Result<PadModelReport> PadModel(const PadModelSpec& spec, const std::string& out);

}  // namespace tandem
