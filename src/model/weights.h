// The tensors of a model by role. Plain structs of borrowed pointers: Model owns the memory. A role that the
// architecture or the file does not have is null.
#pragma once

#include <ggml.h>

#include <vector>

namespace tandem {

// y = scale (weight x) + bias, or scale (weight x + bias) where `bias_first` (libllama's order in
// feed-forward blocks).
struct Linear {
  ggml_tensor* weight = nullptr;  // [in, out] in ggml's order (fastest first), any type, possibly repacked
  ggml_tensor* bias = nullptr;    // F32 [out]
  ggml_tensor* scale = nullptr;   // F32 [1], of weight types whose blocks need one beside them (NVFP4)
  bool bias_first = false;
};

struct LayerWeights {
  ggml_tensor* attn_norm = nullptr;
  Linear q, k, v, o;
  ggml_tensor* q_norm = nullptr;  // RMS norm over each head
  ggml_tensor* k_norm = nullptr;
  ggml_tensor* ffn_norm = nullptr;
  Linear gate, up, down;
};

struct HeadWeights {
  ggml_tensor* norm = nullptr;
  Linear output;  // of a tied model a second tensor over the embedding's data, so that it may be repacked
};

struct Weights {
  ggml_tensor* embedding = nullptr;     // [width, vocab_rows]; null when the range lacks the embedding stage
  std::vector<LayerWeights> layers;     // of the loaded range only, in order
  ggml_tensor* rope_factors = nullptr;  // F32 [rope.dims / 2], divides each pair's frequency
  HeadWeights head;                     // nulls when the range lacks the head
};

}  // namespace tandem
