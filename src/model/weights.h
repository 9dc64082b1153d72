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

struct NormWeights {
  ggml_tensor* weight = nullptr;  // F32, as wide as the rows
  ggml_tensor* bias = nullptr;    // F32, of NormKind::kLayer
};

struct LayerWeights {
  NormWeights attn_norm;
  Linear q, k, v;              // or, in one product,
  Linear qkv;                  // out = queries, then keys, then values
  NormWeights q_norm, k_norm;  // over each head
  Linear o;
  NormWeights ffn_norm;
  Linear gate;  // null: GELU(up) instead of SiLU(gate) * up
  Linear up, down;
};

struct HeadWeights {
  NormWeights norm;
  Linear output;  // of a tied model a second tensor over the embedding's data, so that it may be repacked
};

struct Weights {
  ggml_tensor* embedding = nullptr;           // [width, vocab_rows]; null when the range lacks its stage
  ggml_tensor* position_embedding = nullptr;  // [width, context]; of the same stage, RopePairs::kNone
  std::vector<LayerWeights> layers;           // of the loaded range only, in order
  ggml_tensor* rope_factors = nullptr;        // F32 [rope.dims / 2], divides each pair's frequency
  HeadWeights head;                           // nulls when the range lacks the head
};

}  // namespace tandem
