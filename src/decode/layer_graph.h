// Builds the nodes of a model's stages. One function a stage, made from the tensors that are there
// (weights.h): what an architecture lacks is null and leaves no node.
//
// Places for what is to come: Multiply is the one way through a weight (adapters, low-rank factors); Attend
// holds a layer's scores (probes); AddLayer is one layer from hidden row to hidden row (gates).
#pragma once

#include <ggml.h>

#include <vector>

#include "decode/kv_cache.h"
#include "decode/step_plan.h"
#include "model/model.h"

namespace tandem {

// Tensors that a step fills before it runs; null where the range has no use for them.
struct StepInputs {
  ggml_tensor* tokens = nullptr;      // I32 [padded rows]
  ggml_tensor* hidden = nullptr;      // F32 [width, padded rows]
  ggml_tensor* positions = nullptr;   // I32 [padded rows]
  ggml_tensor* cache_rows = nullptr;  // I64 [rows]: where each row's key and value go in its sequence's slot
  ggml_tensor* wanted = nullptr;      // I32 [padded wanted]: rows that go on behind the last attention
  std::vector<ggml_tensor*> masks;    // one a sequence: F16 [columns, MaskRows]
};

// Builds one step's graph into a context that the caller owns.
class LayerGraph {
 public:
  LayerGraph(const Model& model, const KvCache& cache, const StepShape& shape, const StepInputs& inputs,
             ggml_context* context, ggml_cgraph* graph)
      : model_(model),
        hp_(model.hparams()),
        cache_(cache),
        shape_(shape),
        in_(inputs),
        ctx_(context),
        graph_(graph) {}

  ggml_tensor* Embed();
  // `index` counts the layers of the range. Null when the step wants no row behind the model's last
  // attention: then only keys and values were needed.
  ggml_tensor* AddLayer(ggml_tensor* hidden, int index);
  ggml_tensor* Head(ggml_tensor* hidden);

 private:
  ggml_tensor* Multiply(const Linear& linear, ggml_tensor* x);
  ggml_tensor* Norm(ggml_tensor* x, NormKind kind, const NormWeights& norm);
  ggml_tensor* Norm(ggml_tensor* x, const NormWeights& norm) { return Norm(x, hp_.norm, norm); }
  // Rows of queries, keys and values, before norms and rotation; of a fused weight, views of one product.
  struct Projections {
    ggml_tensor *q, *k, *v;
  };
  Projections Project(ggml_tensor* x, const LayerWeights& layer);
  // Rows [width, rows] to normed and rotated heads [head_dim, heads, rows], whose rows may lie apart.
  ggml_tensor* Heads(ggml_tensor* rows, int heads, const NormWeights& norm);
  void WriteCache(ggml_tensor* k, ggml_tensor* v, int index);
  ggml_tensor* Attention(ggml_tensor* q, int index);
  ggml_tensor* Attend(ggml_tensor* q, const PlannedSequence& part, const AttentionNode& node,
                      ggml_tensor* mask, int index);
  ggml_tensor* Join(std::vector<ggml_tensor*> parts);
  ggml_tensor* FeedForward(ggml_tensor* x, const LayerWeights& layer);

  const Model& model_;
  const Hparams& hp_;
  const KvCache& cache_;
  const StepShape& shape_;
  const StepInputs& in_;
  ggml_context* ctx_;
  ggml_cgraph* graph_;
};

}  // namespace tandem
