// Qwen3 (dense): Qwen2's block without the biases, with an RMS norm over each head of Q and K before the
// rotation; heads may be wider than width / heads. Yang et al., "Qwen3 technical report", 2025.
#include "model/arch/arch.h"

namespace tandem {

namespace {

void Layer(const Hparams& hp, int layer, LayerWeights& weights, TensorWishes& wishes) {
  const std::string prefix = LayerPrefix(layer);
  WishAttention(hp, prefix, Biases::kOptional, Biases::kNone, weights, wishes);
  WishVector(prefix + "attn_q_norm.weight", hp.head_dim, true, weights.q_norm.weight, wishes);
  WishVector(prefix + "attn_k_norm.weight", hp.head_dim, true, weights.k_norm.weight, wishes);
  WishGatedFeedForward(hp, prefix, Biases::kNone, weights, wishes);
  WishScales(prefix, {{"ffn_gate", &weights.gate}, {"ffn_up", &weights.up}, {"ffn_down", &weights.down}},
             wishes);
}

}  // namespace

const Arch kQwen3Arch = {"qwen3", RopePairs::kHalves, false, Layer, {".input_scale", "cls.output.weight"}};

}  // namespace tandem
