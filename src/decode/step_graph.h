// The graph of one step's shape, with its inputs and its output; runs as often as steps of that shape come in
// a row.
#pragma once

#include <ggml-cpp.h>

#include <memory>
#include <span>
#include <vector>

#include "base/result.h"
#include "decode/attention_probe.h"
#include "decode/backend.h"
#include "decode/layer_graph.h"

namespace tandem {

// What a step is fed with, in the order of its rows; sizes are the shape's, without padding.
struct StepFeed {
  std::span<const Token> tokens;  // where the range has the embedding
  std::span<const float> hidden;  // else
  std::span<const Pos> positions;
  std::span<const int32_t> wanted;  // indices of rows
  std::span<const float> factors;   // of the scaled layer's heads
};

// Nodes that a graph can have at most.
size_t MaxGraphNodes(int layers, int sequences, int max_rows);
// Of one sequence, with every layer probed.
size_t MaxProbedGraphNodes(int layers, int max_rows);

class StepGraph {
 public:
  // Builds the graph and places it in `scratch`, which must outlive it: the graph there before is dead.
  // kResource.
  static Result<std::unique_ptr<StepGraph>> Build(const Model& model, const KvCache& cache, StepShape shape,
                                                  Scratch& scratch, size_t max_nodes);

  const StepShape& shape() const { return shape_; }
  // Feeds the inputs, computes, and copies the output's wanted rows (rows x row_width floats, as LayerGraph
  // made them) to `out`. Writes keys and values; does not append them to the cache.
  Status Run(const StepFeed& feed, const KvCache& cache, std::vector<float>& out);

  // Adds what the last Run saw to a probe of the shape's layers, in their order.
  void ReadProbes(AttentionProbe& probe) const;

  int output_rows() const;
  int output_width() const;

 private:
  explicit StepGraph(Scratch& scratch) : scratch_(scratch) {}
  void MakeInputs(const Model& model);
  void MakeNodes(const Model& model, const KvCache& cache);
  void Feed(const StepFeed& feed, const KvCache& cache);

  Scratch& scratch_;
  StepShape shape_;
  ggml_context_ptr context_;
  ggml_cgraph* graph_ = nullptr;
  StepInputs inputs_;
  std::vector<LayerProbeNodes> probes_;
  ggml_tensor* output_ = nullptr;  // null when the step only fills the cache
  bool only_wanted_ = false;       // the output holds wanted rows only
  std::vector<ggml_fp16_t> mask_;
  std::vector<int64_t> cache_rows_;
};

}  // namespace tandem
