// Hyper-parameters of a decoder, read from a GGUF's metadata and checked to make sense together.
#pragma once

#include <string>

#include "base/result.h"
#include "base/types.h"
#include "model/gguf_header.h"

namespace tandem {

// Which elements of a head form the pairs that rotary embedding turns (Su et al., "RoFormer", 2021).
enum class RopePairs {
  kAdjacent,  // (0, 1), (2, 3), ...: llama, whose GGUF converter permutes Q and K to this
  kHalves,    // (0, d/2), (1, d/2 + 1), ... of the d elements that are turned: GPT-NeoX, Qwen
  kNone,      // nothing turns; positions are rows of a table, added to the embedding: GPT-2
};

// How a row is brought to one scale before a block and before the head.
enum class NormKind {
  kRms,    // x / rms(x) * weight (Zhang and Sennrich, 2019)
  kLayer,  // (x - mean(x)) / deviation(x) * weight + bias (Ba et al., 2016)
};

// Angle of pair i at position p: p * freq_scale * base^(-2i/dims) / factor[i]; with yarn != 0 blended as YaRN
// says (Peng et al., 2023). Values are ready for ggml_rope_ext.
struct RopeParams {
  RopePairs pairs = RopePairs::kAdjacent;
  int dims = 0;  // elements of a head that are turned, the first ones; even; 0 with kNone
  float base = 10000.0f;
  float freq_scale = 1.0f;  // 1 / scaling factor
  float yarn = 0.0f;        // YaRN's ext_factor: 0 off, 1 on
  float attn_factor = 1.0f;
  float beta_fast = 32.0f;
  float beta_slow = 1.0f;
  int original_context = 0;  // positions the model was trained on before scaling
};

struct Hparams {
  std::string arch;  // "llama", "qwen2", ...: SupportedArchs (model/arch/arch.h)
  std::string name;  // general.name, for people; may be empty
  int layers = 0;    // 1..512
  int width = 0;     // of the hidden row
  int heads = 0;     // query heads
  int kv_heads = 0;  // divides heads
  int head_dim = 0;  // of keys and values; heads * head_dim may differ from width
  int ff = 0;        // feed-forward width
  Pos context = 0;   // trained positions
  NormKind norm = NormKind::kRms;
  float norm_eps = 0.0f;
  // Feed-forward reads the layer's input and not attention's sum with it; both are added to it.
  bool parallel_residual = false;
  RopeParams rope;
  int vocab_rows = 0;  // rows of the embedding and the head, padding included
  int vocab_size = 0;  // ids that count: unused padding ids at the end left out

  int kv_width() const { return kv_heads * head_dim; }
  int q_width() const { return heads * head_dim; }
};

// Keys behind "<arch>." that depend on the architecture.
const char* NormEpsKey(NormKind norm);
constexpr const char* kParallelResidualKey = "use_parallel_residual";

// kModel: an architecture or variant this program cannot run (mixture of experts, ...), or figures that make
// no sense together; kFile: metadata of the wrong kind.
Result<Hparams> ReadHparams(const GgufHeader& header);

}  // namespace tandem
