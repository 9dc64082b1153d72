// See graph_cache.h.
#include "decode/graph_cache.h"

#include <algorithm>

namespace tandem {

namespace {

constexpr int kSmallRows = 16;  // a draft's or a verification's step

}  // namespace

GraphCache::GraphCache(const Model& model, const KvCache& cache, Backend& backend, int max_sequences,
                       int max_rows)
    : model_(model), cache_(cache), backend_(backend) {
  const auto layers = static_cast<int>(model.weights().layers.size());
  for (Lane& lane : lanes_)
    lane.max_nodes = MaxGraphNodes(layers, std::min(max_sequences, kSmallRows), kSmallRows);
  lanes_.front().max_nodes = MaxGraphNodes(layers, max_sequences, max_rows);
  lanes_.back().max_nodes = MaxProbedGraphNodes(layers, max_rows);
}

Result<StepGraph*> GraphCache::Get(StepShape shape) {
  ++gets_;
  for (Lane& lane : lanes_) {
    if (lane.graph == nullptr || lane.graph->shape() != shape) continue;
    lane.used = gets_;
    return lane.graph.get();
  }
  Lane& lane = Choose(shape);
  lane.graph.reset();
  if (lane.scratch == nullptr) {
    auto scratch = backend_.NewScratch(lane.max_nodes);
    if (!scratch) return Forward(scratch);
    lane.scratch = std::move(*scratch);
  }
  auto graph = StepGraph::Build(model_, cache_, std::move(shape), *lane.scratch, lane.max_nodes);
  if (!graph) return Forward(graph);
  lane.graph = std::move(*graph);
  lane.used = gets_;
  return lane.graph.get();
}

GraphCache::Lane& GraphCache::Choose(const StepShape& shape) {
  if (!shape.probed.empty()) return lanes_.back();
  if (shape.rows > kSmallRows) return lanes_.front();
  return *std::min_element(lanes_.begin() + 1, lanes_.end() - 1,
                           [](const Lane& a, const Lane& b) { return a.used < b.used; });
}

void GraphCache::Forget(SeqId seq) {
  for (Lane& lane : lanes_) {
    if (lane.graph == nullptr) continue;
    const auto& parts = lane.graph->shape().sequences;
    const bool has =
        std::any_of(parts.begin(), parts.end(), [&](const auto& part) { return part.seq == seq; });
    if (has) lane.graph.reset();
  }
}

}  // namespace tandem
