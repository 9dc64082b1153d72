// See chunk_importance.h.
#include "edge/chunk_importance.h"

namespace tandem {

namespace {

std::vector<int> LayersOf(const ImportanceSpec& spec, int layers) {
  std::vector<int> probed;
  if (!spec.NeedsAttention()) return probed;
  for (int layer = spec.NeedsLowerLayers() ? 0 : layers - 1; layer < layers; ++layer) probed.push_back(layer);
  return probed;
}

// The last `rows` columns of [heads][all].
std::vector<float> LastColumns(std::span<const float> figures, size_t all, size_t rows) {
  std::vector<float> last;
  for (size_t at = all; at <= figures.size(); at += all) {
    const std::span<const float> of_head = figures.subspan(at - rows, rows);
    last.insert(last.end(), of_head.begin(), of_head.end());
  }
  return last;
}

}  // namespace

ChunkImportance::ChunkImportance(const ImportanceSpec& spec, int layers, std::vector<float> head_relevance)
    : spec_(spec),
      probed_(LayersOf(spec, layers)),
      head_relevance_(std::move(head_relevance)),
      probe_(probed_) {}

void ChunkImportance::Begin() {
  probe_ = AttentionProbe(probed_);
  begin_ = end_ = 0;
}

Result<LogitsView> ChunkImportance::Step(Engine& engine, const SeqRows& chunk) {
  auto rows = probed_.empty() ? engine.Step({&chunk, 1}) : engine.StepProbed(chunk, probe_);
  if (!rows) return rows;
  begin_ = chunk.first;
  end_ = begin_ + static_cast<Pos>(chunk.tokens.size());
  return rows;
}

Result<std::vector<float>> ChunkImportance::OfChunk() const {
  const auto all = static_cast<size_t>(end_), rows = static_cast<size_t>(end_ - begin_);
  std::vector<std::vector<float>> figures;  // that the spans below show
  for (const LayerProbe& layer : probe_.layers) {
    figures.push_back(LastColumns(layer.column_sums, all, rows));
    figures.push_back(LastColumns(layer.last_row, all, rows));
  }
  std::vector<LayerAttention> layers;
  for (size_t i = 0; i < probe_.layers.size(); ++i)
    layers.push_back({probe_.layers[i].layer, figures[2 * i], figures[2 * i + 1]});
  return RowImportance(spec_, {layers, rows, head_relevance_, static_cast<uint64_t>(begin_)});
}

}  // namespace tandem
