// Models with random weights, for tests of any shape and for benches of a real model's cost. They cost what a
// trained model of their shape costs; what they write means nothing.
#pragma once

#include <ggml.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace tandem {

// What is left unset is as in the file `like`, the vocabulary included.
struct RandomModelSpec {
  std::string like;  // path of a GGUF: its architecture, tensors' roles, head (tied or not), biases, metadata
  std::string
      arch{};  // "gpt2", ...: another architecture than `like`'s, which then gives sizes and vocabulary
  std::optional<int> layers, width, heads, kv_heads, ff, vocab, context;
  // A head has width / heads dimensions, unless `like` states a head width of its own: then that is kept.
  ggml_type type = GGML_TYPE_Q8_0;  // of matrices; norms and biases are F32
  uint64_t seed = 0;
  int threads = 2;  // that make values; 1..64
};

struct RandomModelReport {
  uint64_t parameters = 0;
  uint64_t bytes = 0;              // of tensor data
  std::string vocabulary;          // "kept", or what became of it
  std::vector<std::string> notes;  // everything else that is not as asked, a sentence each
};

// "q4_0", "q4_k", "q8_0", "f16" or "f32"; kUsage for another word.
Result<ggml_type> ParseWeightType(std::string_view name);

// Writes the model to `out`, which appears only when whole; memory stays below about 16 MiB a thread.
// Matrices are Gaussian with deviation 1/sqrt(input width), those that write to the residual row smaller by
// 1/sqrt(2 layers); norms are 1, biases and tables of positions have deviation 0.02. A matrix whose rows do
// not divide into the type's blocks (256 for q4_k, 32 for q4_0 and q8_0) is written in q8_0, or else f16, and
// a note says so. kUsage for a shape that makes no sense, kFile and kModel for `like`.
Result<RandomModelReport> WriteRandomModel(const RandomModelSpec& spec, const std::string& out);

}  // namespace tandem
