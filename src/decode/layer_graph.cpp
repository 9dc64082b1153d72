// See layer_graph.h.
#include "decode/layer_graph.h"

#include <algorithm>
#include <cmath>

namespace tandem {

namespace {

size_t Offset(const ggml_tensor* t, int rows) {
  return t->nb[1] * static_cast<size_t>(rows);
}

// Heads [head_dim, heads, rows] as rows again.
ggml_tensor* AsRows(ggml_context* context, ggml_tensor* heads) {
  return ggml_view_2d(context, heads, heads->ne[0] * heads->ne[1], heads->ne[2], heads->nb[2], 0);
}

}  // namespace

ggml_tensor* LayerGraph::Multiply(const Linear& linear, ggml_tensor* x) {
  ggml_tensor* y = ggml_mul_mat(ctx_, linear.weight, x);
  if (linear.bias_first && linear.bias != nullptr) y = ggml_add(ctx_, y, linear.bias);
  if (linear.scale != nullptr) y = ggml_mul(ctx_, y, linear.scale);
  if (!linear.bias_first && linear.bias != nullptr) y = ggml_add(ctx_, y, linear.bias);
  return y;
}

ggml_tensor* LayerGraph::Norm(ggml_tensor* x, NormKind kind, const NormWeights& norm) {
  x = kind == NormKind::kRms ? ggml_rms_norm(ctx_, x, hp_.norm_eps) : ggml_norm(ctx_, x, hp_.norm_eps);
  x = ggml_mul(ctx_, x, norm.weight);
  return norm.bias == nullptr ? x : ggml_add(ctx_, x, norm.bias);
}

ggml_tensor* LayerGraph::Embed() {
  const Weights& weights = model_.weights();
  ggml_tensor* x = ggml_get_rows(ctx_, weights.embedding, in_.tokens);
  if (weights.position_embedding == nullptr) return x;
  return ggml_add(ctx_, x, ggml_get_rows(ctx_, weights.position_embedding, in_.positions));
}

ggml_tensor* LayerGraph::Head(ggml_tensor* hidden) {
  const HeadWeights& head = model_.weights().head;
  return Multiply(head.output, Norm(hidden, head.norm));
}

ggml_tensor* LayerGraph::AddLayer(ggml_tensor* hidden, int index) {
  const LayerWeights& layer = model_.weights().layers[static_cast<size_t>(index)];
  const bool last_of_model = model_.stages().FirstLayer() + index == hp_.layers - 1;

  const Projections rows = Project(Norm(hidden, layer.attn_norm), layer);
  ggml_tensor* q = Heads(rows.q, hp_.heads, layer.q_norm);
  WriteCache(Heads(rows.k, hp_.kv_heads, layer.k_norm), rows.v, index);
  if (std::binary_search(shape_.probed.begin(), shape_.probed.end(), index))
    probes_.push_back(Probe(q, index));
  if (last_of_model && shape_.wanted == 0) return nullptr;

  ggml_tensor* attended = Attention(q, index);
  if (shape_.scaled == index) attended = ScaleHeads(attended);
  attended = Multiply(layer.o, attended);
  if (last_of_model && shape_.SelectsRows()) {
    attended = ggml_get_rows(ctx_, attended, in_.wanted);
    hidden = ggml_get_rows(ctx_, hidden, in_.wanted);
  }
  if (hp_.parallel_residual) {
    ggml_tensor* sum = ggml_add(ctx_, FeedForward(Norm(hidden, layer.ffn_norm), layer), hidden);
    return ggml_add(ctx_, sum, attended);
  }
  hidden = ggml_add(ctx_, attended, hidden);
  return ggml_add(ctx_, FeedForward(Norm(hidden, layer.ffn_norm), layer), hidden);
}

ggml_tensor* LayerGraph::FeedForward(ggml_tensor* x, const LayerWeights& layer) {
  ggml_tensor* up = Multiply(layer.up, x);
  if (layer.gate.weight == nullptr) return Multiply(layer.down, ggml_gelu(ctx_, up));
  ggml_tensor* gate = Multiply(layer.gate, x);
  return Multiply(layer.down, ggml_swiglu_split(ctx_, gate, up));
}

LayerGraph::Projections LayerGraph::Project(ggml_tensor* x, const LayerWeights& layer) {
  if (layer.qkv.weight == nullptr) return {Multiply(layer.q, x), Multiply(layer.k, x), Multiply(layer.v, x)};
  ggml_tensor* all = Multiply(layer.qkv, x);
  const auto part = [&](int begin, int width) {
    return ggml_view_2d(ctx_, all, width, all->ne[1], all->nb[1], static_cast<size_t>(begin) * all->nb[0]);
  };
  const int q = hp_.q_width(), kv = hp_.kv_width();
  return {part(0, q), part(q, kv), part(q + kv, kv)};
}

ggml_tensor* LayerGraph::Heads(ggml_tensor* rows, int heads, const NormWeights& norm) {
  ggml_tensor* x = ggml_view_3d(ctx_, rows, hp_.head_dim, heads, rows->ne[1],
                                ggml_row_size(rows->type, hp_.head_dim), rows->nb[1], 0);
  if (norm.weight != nullptr) x = Norm(x, NormKind::kRms, norm);
  const RopeParams& rope = hp_.rope;
  if (rope.pairs == RopePairs::kNone) return x;
  const int pairs = rope.pairs == RopePairs::kHalves ? GGML_ROPE_TYPE_NEOX : GGML_ROPE_TYPE_NORMAL;
  return ggml_rope_ext(ctx_, x, in_.positions, model_.weights().rope_factors, rope.dims, pairs,
                       rope.original_context, rope.base, rope.freq_scale, rope.yarn, rope.attn_factor,
                       rope.beta_fast, rope.beta_slow);
}

// The cache is written in graph order before attention reads it, which nothing in the graph's edges says: the
// writes are expanded here, attention later.
void LayerGraph::WriteCache(ggml_tensor* k, ggml_tensor* v, int index) {
  k = AsRows(ctx_, k);
  for (const PlannedSequence& part : shape_.sequences) {
    ggml_tensor* at =
        ggml_view_1d(ctx_, in_.cache_rows, part.rows, static_cast<size_t>(part.begin) * sizeof(int64_t));
    const auto write = [&](ggml_tensor* cache, ggml_tensor* rows) {
      rows = ggml_view_2d(ctx_, rows, rows->ne[0], part.rows, rows->nb[1], Offset(rows, part.begin));
      ggml_build_forward_expand(graph_, ggml_set_rows(ctx_, cache, rows, at));
    };
    write(cache_.keys(part.seq, index), k);
    write(cache_.values(part.seq, index), v);
  }
}

ggml_tensor* LayerGraph::Attention(ggml_tensor* q, int index) {
  std::vector<ggml_tensor*> outputs;
  for (size_t i = 0; i < shape_.sequences.size(); ++i) {
    const PlannedSequence& part = shape_.sequences[i];
    for (const AttentionNode& node : part.nodes)
      outputs.push_back(Attend(q, part, node, in_.masks[i], index));
  }
  if (const int dummies = shape_.padded_rows - shape_.rows; dummies > 0) {
    // Rows that only widen the products: any finite numbers do, and the dummies' own queries are at hand.
    ggml_tensor* rows = AsRows(ctx_, q);
    outputs.push_back(ggml_view_2d(ctx_, rows, rows->ne[0], dummies, rows->nb[1], Offset(rows, shape_.rows)));
  }
  return Join(std::move(outputs));
}

ggml_tensor* LayerGraph::ScaleHeads(ggml_tensor* attended) {
  ggml_tensor* heads = ggml_reshape_3d(ctx_, attended, hp_.head_dim, hp_.heads, attended->ne[1]);
  return ggml_reshape_2d(ctx_, ggml_mul(ctx_, heads, in_.factors), hp_.q_width(), attended->ne[1]);
}

ggml_tensor* LayerGraph::Queries(ggml_tensor* q, int begin, int rows) {
  return ggml_view_3d(ctx_, q, q->ne[0], q->ne[1], rows, q->nb[1], q->nb[2],
                      q->nb[2] * static_cast<size_t>(begin));
}

ggml_tensor* LayerGraph::CachedHeads(ggml_tensor* cache, int columns) {
  ggml_tensor* heads = ggml_view_3d(ctx_, cache, hp_.head_dim, hp_.kv_heads, columns,
                                    ggml_row_size(cache->type, hp_.head_dim), cache->nb[1], 0);
  return ggml_permute(ctx_, heads, 0, 2, 1, 3);
}

float LayerGraph::AttentionScale() const {
  return 1.0f / std::sqrt(static_cast<float>(hp_.head_dim));
}

ggml_tensor* LayerGraph::Attend(ggml_tensor* q, const PlannedSequence& part, const AttentionNode& node,
                                ggml_tensor* mask, int index) {
  const int rows = node.twice ? 2 : node.rows;
  ggml_tensor* queries = Queries(q, part.begin + node.begin, node.rows);
  if (node.twice) queries = ggml_repeat_4d(ctx_, queries, q->ne[0], q->ne[1], 2, 1);
  ggml_tensor* seen = ggml_view_2d(ctx_, mask, part.columns, rows, mask->nb[1], Offset(mask, node.begin));
  ggml_tensor* out = ggml_flash_attn_ext(
      ctx_, ggml_permute(ctx_, queries, 0, 2, 1, 3), CachedHeads(cache_.keys(part.seq, index), part.columns),
      CachedHeads(cache_.values(part.seq, index), part.columns), seen, AttentionScale(), 0.0f, 0.0f);
  ggml_prec_set_acc(out, GGML_PREC_F32);
  out = ggml_reshape_2d(ctx_, out, hp_.q_width(), rows);
  return node.twice ? ggml_view_2d(ctx_, out, out->ne[0], 1, out->nb[1], 0) : out;
}

// A balanced tree: a row is copied log2(parts) times, where a chain would copy it as often as there are
// parts.
ggml_tensor* LayerGraph::Join(std::vector<ggml_tensor*> parts) {
  while (parts.size() > 1) {
    std::vector<ggml_tensor*> joined;
    for (size_t i = 0; i + 1 < parts.size(); i += 2)
      joined.push_back(ggml_concat(ctx_, parts[i], parts[i + 1], 1));
    if (parts.size() % 2 == 1) joined.push_back(parts.back());
    parts = std::move(joined);
  }
  return parts.front();
}

}  // namespace tandem
