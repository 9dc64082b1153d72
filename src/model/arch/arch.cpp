// See arch.h.
#include "model/arch/arch.h"

namespace tandem {

namespace {

constexpr const Arch* kArchs[] = {&kLlamaArch, &kQwen2Arch, &kQwen3Arch, &kGptNeoxArch, &kGpt2Arch};

}  // namespace

const Arch* FindArch(std::string_view name) {
  for (const Arch* arch : kArchs) {
    if (name == arch->name) return arch;
  }
  return nullptr;
}

std::string SupportedArchs() {
  std::string names;
  for (const Arch* arch : kArchs) names += (names.empty() ? "" : ", ") + std::string(arch->name);
  return names;
}

std::string LayerPrefix(int layer) {
  return "blk." + std::to_string(layer) + ".";
}

void WishVector(const std::string& name, int64_t size, bool required, ggml_tensor*& slot,
                TensorWishes& wishes) {
  wishes.push_back({name, {size}, TensorUse::kVector, required, &slot});
}

void WishNorm(const Hparams& hp, const std::string& name, NormWeights& norm, TensorWishes& wishes) {
  WishVector(name + ".weight", hp.width, true, norm.weight, wishes);
  if (hp.norm == NormKind::kLayer) WishVector(name + ".bias", hp.width, true, norm.bias, wishes);
}

void WishLinear(const std::string& name, int64_t in, int64_t out, Biases biases, Linear& linear,
                TensorWishes& wishes) {
  wishes.push_back({name + ".weight", {in, out}, TensorUse::kMatrix, true, &linear.weight});
  if (biases != Biases::kNone)
    WishVector(name + ".bias", out, biases == Biases::kRequired, linear.bias, wishes);
}

void WishAttention(const Hparams& hp, const std::string& prefix, Biases qkv, Biases o, LayerWeights& layer,
                   TensorWishes& wishes) {
  WishNorm(hp, prefix + "attn_norm", layer.attn_norm, wishes);
  WishLinear(prefix + "attn_q", hp.width, hp.q_width(), qkv, layer.q, wishes);
  WishLinear(prefix + "attn_k", hp.width, hp.kv_width(), qkv, layer.k, wishes);
  WishLinear(prefix + "attn_v", hp.width, hp.kv_width(), qkv, layer.v, wishes);
  WishLinear(prefix + "attn_output", hp.q_width(), hp.width, o, layer.o, wishes);
  WishScales(prefix,
             {{"attn_q", &layer.q}, {"attn_k", &layer.k}, {"attn_v", &layer.v}, {"attn_output", &layer.o}},
             wishes);
}

void WishGatedFeedForward(const Hparams& hp, const std::string& prefix, Biases biases, LayerWeights& layer,
                          TensorWishes& wishes) {
  WishNorm(hp, prefix + "ffn_norm", layer.ffn_norm, wishes);
  WishLinear(prefix + "ffn_gate", hp.width, hp.ff, biases, layer.gate, wishes);
  WishLinear(prefix + "ffn_up", hp.width, hp.ff, biases, layer.up, wishes);
  WishLinear(prefix + "ffn_down", hp.ff, hp.width, biases, layer.down, wishes);
  for (Linear* linear : {&layer.gate, &layer.up, &layer.down}) linear->bias_first = true;
}

void WishGptLayer(const Hparams& hp, const std::string& prefix, LayerWeights& layer, TensorWishes& wishes) {
  WishNorm(hp, prefix + "attn_norm", layer.attn_norm, wishes);
  WishLinear(prefix + "attn_qkv", hp.width, hp.q_width() + 2 * hp.kv_width(), Biases::kRequired, layer.qkv,
             wishes);
  WishLinear(prefix + "attn_output", hp.q_width(), hp.width, Biases::kRequired, layer.o, wishes);
  WishScales(prefix, {{"attn_qkv", &layer.qkv}, {"attn_output", &layer.o}}, wishes);
  WishNorm(hp, prefix + "ffn_norm", layer.ffn_norm, wishes);
  WishLinear(prefix + "ffn_up", hp.width, hp.ff, Biases::kRequired, layer.up, wishes);
  WishLinear(prefix + "ffn_down", hp.ff, hp.width, Biases::kRequired, layer.down, wishes);
}

void WishScales(const std::string& prefix, std::initializer_list<std::pair<const char*, Linear*>> linears,
                TensorWishes& wishes) {
  for (const auto& [name, linear] : linears)
    WishVector(prefix + name + ".scale", 1, false, linear->scale, wishes);
}

TensorWishes WishesOf(const Arch& arch, const Hparams& hp, int first_layer, int last_layer, bool embedding,
                      bool head, Weights& weights) {
  TensorWishes wishes;
  if (embedding) {
    wishes.push_back(
        {"token_embd.weight", {hp.width, hp.vocab_rows}, TensorUse::kLookup, true, &weights.embedding});
    if (arch.rope_pairs == RopePairs::kNone)
      wishes.push_back({"position_embd.weight",
                        {hp.width, hp.context},
                        TensorUse::kLookup,
                        true,
                        &weights.position_embedding});
  }
  const int layers = std::max(0, last_layer - first_layer);
  weights.layers.resize(static_cast<size_t>(layers));
  for (int i = 0; i < layers; ++i) {
    arch.layer(hp, first_layer + i, weights.layers[static_cast<size_t>(i)], wishes);
  }
  if (layers > 0 && arch.rope_factors)
    WishVector("rope_freqs.weight", hp.rope.dims / 2, false, weights.rope_factors, wishes);
  if (head) {
    WishNorm(hp, "output_norm", weights.head.norm, wishes);
    // Absent in a tied model: the loader then takes the embedding's data.
    wishes.push_back({"output.weight",
                      {hp.width, hp.vocab_rows},
                      TensorUse::kMatrix,
                      !arch.may_tie,
                      &weights.head.output.weight});
    WishVector("output.scale", 1, false, weights.head.output.scale, wishes);
    WishVector("output.bias", hp.vocab_rows, false, weights.head.output.bias, wishes);
  }
  return wishes;
}

}  // namespace tandem
