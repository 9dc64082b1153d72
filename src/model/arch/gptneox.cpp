// GPT-NeoX (Pythia among them): GPT-2's block, where the first elements of a head turn (a quarter of them in
// Pythia) and files say whether attention and feed-forward read the same row. GELU is the tanh form, as in
// libllama; the original's is the exact one. Black et al., "GPT-NeoX-20B", 2022; Biderman et al., "Pythia",
// 2023.
#include "model/arch/arch.h"

namespace tandem {

namespace {

void Layer(const Hparams& hp, int layer, LayerWeights& weights, TensorWishes& wishes) {
  WishGptLayer(hp, LayerPrefix(layer), weights, wishes);
}

}  // namespace

// libllama asks for a head of its own. It reads scales of the feed-forward block and does not use them.
const Arch kGptNeoxArch = {.name = "gptneox",
                           .rope_pairs = RopePairs::kHalves,
                           .rope_factors = false,
                           .layer = Layer,
                           .unused = {".input_scale", "ffn_up.scale", "ffn_down.scale"},
                           .norm = NormKind::kLayer,
                           .may_tie = false,
                           .partial_rope = true,
                           .states_residual = true};

}  // namespace tandem
