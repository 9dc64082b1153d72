// Graphs of the shapes that steps had lately. Building one costs 0.1 to 0.2 ms, a fifth of a small model's
// step, and an edge that drafts returns to the same few shapes (one row; the rows a verdict left to catch up
// with).
#pragma once

#include <array>
#include <memory>

#include "base/result.h"
#include "decode/step_graph.h"

namespace tandem {

// One thread at a time. Borrows model and cache, which must outlive it.
class GraphCache {
 public:
  GraphCache(const Model& model, const KvCache& cache, Backend& backend, int max_sequences, int max_rows);

  // The graph of this shape, built if there is none. Valid until the next Get or Forget. kResource.
  Result<StepGraph*> Get(StepShape shape);
  // Drops the graphs that a sequence has a part in.
  void Forget(SeqId seq);

 private:
  // A graph and the scratch memory it lies in.
  struct Lane {
    std::unique_ptr<Scratch> scratch;  // outlives the graph
    std::unique_ptr<StepGraph> graph;
    uint64_t used = 0;  // when last, counted in Gets
    size_t max_nodes = 0;
  };

  Lane& Choose(const StepShape& shape);

  const Model& model_;
  const KvCache& cache_;
  Backend& backend_;
  // Lane 0 takes shapes of any size; the last one those with probes; the others small ones, whose scratch
  // memory is small.
  std::array<Lane, 6> lanes_;
  uint64_t gets_ = 0;
};

}  // namespace tandem
