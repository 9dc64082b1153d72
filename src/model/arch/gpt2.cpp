// GPT-2: positions are learned rows added to the embedding, so that nothing turns and a range of layers needs
// no table; layer norms, GELU (its tanh form). Radford et al., "Language models are unsupervised multitask
// learners", 2019.
#include "model/arch/arch.h"

namespace tandem {

namespace {

void Layer(const Hparams& hp, int layer, LayerWeights& weights, TensorWishes& wishes) {
  WishGptLayer(hp, LayerPrefix(layer), weights, wishes);
}

}  // namespace

// libllama reads scales of the feed-forward block and does not use them.
const Arch kGpt2Arch = {.name = "gpt2",
                        .rope_pairs = RopePairs::kNone,
                        .rope_factors = false,
                        .layer = Layer,
                        .unused = {".input_scale", "ffn_up.scale", "ffn_down.scale"},
                        .norm = NormKind::kLayer};

}  // namespace tandem
