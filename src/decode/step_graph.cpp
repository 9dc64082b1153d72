// See step_graph.h.
#include "decode/step_graph.h"

#include <algorithm>

namespace tandem {

namespace {

constexpr size_t kNodesPerLayer = 48;     // of one sequence, views included, with every bias and norm
constexpr size_t kNodesPerSequence = 20;  // more, a layer and sequence: writes, attention, joining
constexpr size_t kNodesPerNode = 12;      // more, a layer and further attention node
constexpr size_t kNodesPerProbe = 8;      // more, a probed layer, and again for every kProbeRows rows of it

// Copies `data` and zeros for the padding rows behind it.
template <class T>
void SetPadded(ggml_tensor* tensor, std::span<const T> data) {
  const size_t bytes = ggml_nbytes(tensor);
  ggml_backend_tensor_set(tensor, data.data(), 0, data.size_bytes());
  if (data.size_bytes() < bytes)
    ggml_backend_tensor_memset(tensor, 0, data.size_bytes(), bytes - data.size_bytes());
}

}  // namespace

size_t MaxGraphNodes(int layers, int sequences, int max_rows) {
  const auto nodes = static_cast<size_t>(max_rows / 32 + 1);
  const auto parts = static_cast<size_t>(std::min(sequences, max_rows));
  return 64 +
         static_cast<size_t>(layers) * (kNodesPerLayer + parts * kNodesPerSequence + nodes * kNodesPerNode);
}

size_t MaxProbedGraphNodes(int layers, int max_rows) {
  const auto blocks = static_cast<size_t>(max_rows / kProbeRows + 2);
  return MaxGraphNodes(layers, 1, max_rows) + static_cast<size_t>(layers) * blocks * kNodesPerProbe;
}

Result<std::unique_ptr<StepGraph>> StepGraph::Build(const Model& model, const KvCache& cache, StepShape shape,
                                                    Scratch& scratch, size_t max_nodes) {
  std::unique_ptr<StepGraph> self(new StepGraph(scratch));
  self->shape_ = std::move(shape);
  // Views count as nodes too: the tensors of a graph are its nodes and its few inputs.
  const size_t tensors = max_nodes + 8 + self->shape_.sequences.size();
  const size_t bytes = tensors * ggml_tensor_overhead() + ggml_graph_overhead_custom(max_nodes, false);
  self->context_.reset(ggml_init({bytes, nullptr, true}));
  if (!self->context_) return Fail(ErrorCode::kResource, "cannot allocate a graph of {} nodes", max_nodes);
  self->graph_ = ggml_new_graph_custom(self->context_.get(), max_nodes, false);
  self->MakeInputs(model);
  self->MakeNodes(model, cache);
  if (Status s = scratch.Allocate(self->graph_); !s) return Forward(s);
  return self;
}

void StepGraph::MakeInputs(const Model& model) {
  const auto input = [&](ggml_type type, int64_t columns, int64_t rows) {
    ggml_tensor* tensor = ggml_new_tensor_2d(context_.get(), type, columns, rows);
    ggml_set_input(tensor);
    return tensor;
  };
  const StageRange stages = model.stages();
  const int layers = stages.LastLayer(model.hparams().layers) - stages.FirstLayer();
  if (stages.HasEmbedding()) {
    inputs_.tokens = input(GGML_TYPE_I32, shape_.padded_rows, 1);
  } else {
    inputs_.hidden = input(GGML_TYPE_F32, model.hparams().width, shape_.padded_rows);
  }
  const bool turns = layers > 0 && model.hparams().rope.pairs != RopePairs::kNone;
  if (turns || model.weights().position_embedding != nullptr)
    inputs_.positions = input(GGML_TYPE_I32, shape_.padded_rows, 1);
  if (layers <= 0) return;
  if (shape_.scaled >= 0) inputs_.factors = input(GGML_TYPE_F32, 1, model.hparams().heads);
  inputs_.cache_rows = input(GGML_TYPE_I64, shape_.rows, 1);
  for (const PlannedSequence& part : shape_.sequences) {
    inputs_.masks.push_back(input(GGML_TYPE_F16, part.columns, part.MaskRows()));
  }
  if (shape_.SelectsRows() && shape_.wanted > 0)
    inputs_.wanted = input(GGML_TYPE_I32, shape_.padded_wanted, 1);
}

void StepGraph::MakeNodes(const Model& model, const KvCache& cache) {
  const StageRange stages = model.stages();
  const int model_layers = model.hparams().layers;
  LayerGraph builder(model, cache, shape_, inputs_, context_.get(), graph_);
  ggml_tensor* hidden = stages.HasEmbedding() ? builder.Embed() : inputs_.hidden;
  for (int i = 0; i < stages.LastLayer(model_layers) - stages.FirstLayer() && hidden != nullptr; ++i) {
    hidden = builder.AddLayer(hidden, i);
  }
  probes_ = builder.probes();
  only_wanted_ = stages.end > model_layers;
  if (hidden == nullptr) return;
  output_ = stages.HasHead(model_layers) ? builder.Head(hidden) : hidden;
  ggml_set_output(output_);
  ggml_build_forward_expand(graph_, output_);
}

void StepGraph::Feed(const StepFeed& feed, const KvCache& cache) {
  if (inputs_.tokens != nullptr) SetPadded(inputs_.tokens, feed.tokens);
  if (inputs_.hidden != nullptr) SetPadded(inputs_.hidden, feed.hidden);
  if (inputs_.positions != nullptr) SetPadded(inputs_.positions, feed.positions);
  if (inputs_.wanted != nullptr) SetPadded(inputs_.wanted, feed.wanted);
  if (inputs_.factors != nullptr && inputs_.factors->buffer != nullptr)
    SetPadded(inputs_.factors, feed.factors);
  if (inputs_.cache_rows == nullptr) return;
  cache_rows_.clear();
  for (size_t i = 0; i < shape_.sequences.size(); ++i) {
    const PlannedSequence& part = shape_.sequences[i];
    for (int row = 0; row < part.rows; ++row) cache_rows_.push_back(cache.Rows(part.seq) + row);
    // A graph whose only layer is the model's last attends to nothing when no row is wanted: no mask in it.
    if (inputs_.masks[i]->buffer == nullptr) continue;
    const auto columns = static_cast<size_t>(part.columns);
    mask_.resize(columns * static_cast<size_t>(part.MaskRows()));
    cache.FillMask(part.seq, part.rows, part.columns, mask_);
    if (part.MaskRows() > part.rows)
      std::copy_n(mask_.end() - 2 * part.columns, columns, mask_.end() - part.columns);
    ggml_backend_tensor_set(inputs_.masks[i], mask_.data(), 0, mask_.size() * sizeof(ggml_fp16_t));
  }
  SetPadded<int64_t>(inputs_.cache_rows, cache_rows_);
}

void StepGraph::ReadProbes(AttentionProbe& probe) const {
  const auto read = [](const ggml_tensor* tensor, std::vector<float>& values) {
    values.resize(static_cast<size_t>(ggml_nelements(tensor)));
    ggml_backend_tensor_get(tensor, values.data(), 0, values.size() * sizeof(float));
  };
  std::vector<float> sums, last;
  for (size_t i = 0; i < probes_.size(); ++i) {
    read(probes_[i].column_sums, sums);
    read(probes_[i].last_row, last);
    AddQueries(probe.layers[i], probe.rows, shape_.rows, sums, last,
               static_cast<int>(probes_[i].column_sums->ne[0]));
    probe.heads = static_cast<int>(probes_[i].column_sums->ne[2]);
  }
  probe.rows += shape_.rows;
}

int StepGraph::output_rows() const {
  if (output_ == nullptr) return 0;
  return only_wanted_ ? shape_.wanted : shape_.rows;
}

int StepGraph::output_width() const {
  return output_ == nullptr ? 0 : static_cast<int>(output_->ne[0]);
}

Status StepGraph::Run(const StepFeed& feed, const KvCache& cache, std::vector<float>& out) {
  Feed(feed, cache);
  if (Status s = scratch_.Compute(graph_); !s) return s;
  out.resize(static_cast<size_t>(output_rows()) * static_cast<size_t>(output_width()));
  if (!out.empty()) ggml_backend_tensor_get(output_, out.data(), 0, out.size() * sizeof(float));
  return {};
}

}  // namespace tandem
