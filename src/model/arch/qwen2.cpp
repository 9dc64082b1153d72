// Qwen2 and Qwen2.5 (dense): Llama's block with biases on Q, K and V, rotary pairs of the two halves of a
// head. Sizes from 0.5B to 7B pad their vocabulary differently (see VocabTable). Yang et al., "Qwen2
// technical report", 2024.
#include "model/arch/arch.h"

namespace tandem {

namespace {

void Layer(const Hparams& hp, int layer, LayerWeights& weights, TensorWishes& wishes) {
  const std::string prefix = LayerPrefix(layer);
  WishAttention(hp, prefix, Biases::kOptional, Biases::kNone, weights, wishes);
  WishGatedFeedForward(hp, prefix, Biases::kNone, weights, wishes);
}

}  // namespace

// libllama reads scales of the feed-forward block and does not use them.
const Arch kQwen2Arch = {"qwen2",
                         RopePairs::kHalves,
                         false,
                         Layer,
                         {".input_scale", "ffn_gate.scale", "ffn_up.scale", "ffn_down.scale"}};

}  // namespace tandem
