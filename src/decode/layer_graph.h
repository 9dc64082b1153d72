// Builds the nodes of a model's stages. One function a stage, made from the tensors that are there
// (weights.h): what an architecture lacks is null and leaves no node.
//
// Places for what is to come: Multiply is the one way through a weight (adapters, low-rank factors); AddLayer
// is one layer from hidden row to hidden row (gates).
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
  ggml_tensor* factors = nullptr;     // F32 [1, heads]: of the heads of the scaled layer
};

// What a layer's heads look at, F32 [columns, 1, heads] each (attention_probe.h).
struct LayerProbeNodes {
  int index = 0;  // the layer, counted from the range's first
  ggml_tensor* column_sums = nullptr;
  ggml_tensor* last_row = nullptr;
};

// Queries whose scores a probe holds at once: kProbeRows * columns * heads floats of scratch memory.
constexpr int kProbeRows = 64;

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
  // Of the layers added so far that the shape wants probed.
  const std::vector<LayerProbeNodes>& probes() const { return probes_; }

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
  // `rows` of the queries [head_dim, heads, all rows].
  ggml_tensor* Queries(ggml_tensor* q, int begin, int rows);
  // The first rows of a layer's keys or values, as [head_dim, columns, kv_heads].
  ggml_tensor* CachedHeads(ggml_tensor* cache, int columns);
  float AttentionScale() const;
  // Computes the layer's attention weights explicitly, from the queries and the cached keys that the flash
  // node reads, which stays as it is. Costs a second time the products of queries and keys, with softmax and
  // sums: rows * columns * heads * (head_dim + a few) operations.
  LayerProbeNodes Probe(ggml_tensor* q, int index);
  ggml_tensor* Attention(ggml_tensor* q, int index);
  ggml_tensor* ScaleHeads(ggml_tensor* attended);
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
  std::vector<LayerProbeNodes> probes_;
};

}  // namespace tandem
