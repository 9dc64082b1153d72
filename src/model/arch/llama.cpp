// Llama 1 to 3 and the many models that took its shape (TinyLlama, Mistral 7B, SmolLM, ...): RMS norms,
// rotary pairs of adjacent elements (the GGUF converter permutes Q and K), SwiGLU; biases only where a file
// has them. Llama 3's RoPE scaling comes as per-pair factors in rope_freqs.weight. Touvron et al., 2023.
#include "model/arch/arch.h"

namespace tandem {

namespace {

void Layer(const Hparams& hp, int layer, LayerWeights& weights, TensorWishes& wishes) {
  const std::string prefix = LayerPrefix(layer);
  WishAttention(hp, prefix, Biases::kOptional, Biases::kOptional, weights, wishes);
  WishGatedFeedForward(hp, prefix, Biases::kOptional, weights, wishes);
  WishScales(prefix, {{"ffn_gate", &weights.gate}, {"ffn_up", &weights.up}, {"ffn_down", &weights.down}},
             wishes);
}

}  // namespace

const Arch kLlamaArch = {"llama", RopePairs::kAdjacent, true, Layer, {".input_scale"}};

}  // namespace tandem
