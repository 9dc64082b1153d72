// What distinguishes one architecture from another, one short file each beside this one: which tensors a
// layer has and how positions turn. Hyper-parameters that all share are read in model/hparams.cpp, and the
// graph is built in decode/layer_graph.cpp from the tensors that are there: a bias or a head norm that an
// architecture does not list is null and costs nothing. To add an architecture: write its file, list it in
// arch.cpp.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "model/hparams.h"
#include "model/weights.h"

namespace tandem {

// How a step uses a tensor: decides which memory layouts may hold it.
enum class TensorUse {
  kLookup,  // rows are picked
  kMatrix,  // a matrix product's weight: may be repacked
  kVector,  // added or multiplied element by element: F32
};

// A tensor that an architecture asks the file for.
struct TensorWish {
  std::string name;
  std::vector<int64_t> shape;  // fastest dimension first
  TensorUse use = TensorUse::kMatrix;
  bool required = true;
  ggml_tensor** slot =
      nullptr;  // where the loader puts it; null stays null when an optional tensor is absent
};

using TensorWishes = std::vector<TensorWish>;

struct Arch {
  const char* name;  // general.architecture
  RopePairs rope_pairs;
  bool rope_factors;  // files may hold rope_freqs.weight
  void (*layer)(const Hparams&, int layer, LayerWeights&, TensorWishes&);
  // Ends of names of tensors that files may hold and libllama leaves out of the step; any other tensor that
  // nobody wished for is refused.
  std::vector<std::string_view> unused;
  NormKind norm = NormKind::kRms;
  bool may_tie = true;           // files may leave output.weight out: the embedding then is the head
  bool partial_rope = false;     // files may say that fewer elements than a head's turn
  bool states_residual = false;  // files say whether the residual is parallel (kParallelResidualKey)
};

extern const Arch kLlamaArch, kQwen2Arch, kQwen3Arch, kGptNeoxArch, kGpt2Arch;

const Arch* FindArch(std::string_view name);  // null when not supported
std::string SupportedArchs();                 // "llama, qwen2, ..."

// All wishes of a range; slots point into `weights`, whose layers are sized here and must not move
// afterwards.
TensorWishes WishesOf(const Arch& arch, const Hparams& hp, int first_layer, int last_layer, bool embedding,
                      bool head, Weights& weights);

// Parts that architectures share.
enum class Biases { kNone, kOptional, kRequired };
void WishLinear(const std::string& name, int64_t in, int64_t out, Biases biases, Linear& linear,
                TensorWishes& wishes);
void WishVector(const std::string& name, int64_t size, bool required, ggml_tensor*& slot,
                TensorWishes& wishes);
// A norm of the model's kind over rows of the hidden width.
void WishNorm(const Hparams& hp, const std::string& name, NormWeights& norm, TensorWishes& wishes);
// Norm, Q, K, V and output of an attention block; `qkv` rules the first three's biases, `o` the output's.
void WishAttention(const Hparams& hp, const std::string& prefix, Biases qkv, Biases o, LayerWeights& layer,
                   TensorWishes& wishes);
// Norm, gate, up and down of a gated feed-forward block.
void WishGatedFeedForward(const Hparams& hp, const std::string& prefix, Biases biases, LayerWeights& layer,
                          TensorWishes& wishes);
// The block of GPT-2, which GPT-NeoX has too: Q, K and V in one product, a feed-forward block without gate,
// a bias everywhere.
void WishGptLayer(const Hparams& hp, const std::string& prefix, LayerWeights& layer, TensorWishes& wishes);
// The scale beside each weight of a block (weights.h).
void WishScales(const std::string& prefix, std::initializer_list<std::pair<const char*, Linear*>> linears,
                TensorWishes& wishes);
std::string LayerPrefix(int layer);  // "blk.3."

}  // namespace tandem
