// Attention weights of a probed layer, beside the flash node that its output comes from: see layer_graph.h.
#include <algorithm>

#include "decode/layer_graph.h"

namespace tandem {

// Softmax over the scores of a few queries at a time, summed over the queries. ggml_repeat_back adds up the
// rows that a repetition of one row would have made: column sums. It runs on one thread, one addition a
// weight.
LayerProbeNodes LayerGraph::Probe(ggml_tensor* q, int index) {
  const PlannedSequence& part = shape_.sequences.front();
  ggml_tensor *keys = CachedHeads(cache_.keys(part.seq, index), part.columns), *mask = in_.masks.front();
  ggml_tensor *sums = nullptr, *last = nullptr;
  for (int begin = 0; begin < part.rows; begin += kProbeRows) {
    const int rows = std::min(kProbeRows, part.rows - begin);
    ggml_tensor* queries = ggml_permute(ctx_, Queries(q, part.begin + begin, rows), 0, 2, 1, 3);
    ggml_tensor* scores = ggml_mul_mat(ctx_, keys, queries);
    ggml_prec_set_acc(scores, GGML_PREC_F32);
    ggml_tensor* seen =
        ggml_view_2d(ctx_, mask, part.columns, rows, mask->nb[1], mask->nb[1] * static_cast<size_t>(begin));
    ggml_tensor* weights = ggml_soft_max_ext_inplace(ctx_, scores, seen, AttentionScale(), 0.0f);
    last = ggml_view_3d(ctx_, weights, part.columns, 1, hp_.heads, weights->nb[1], weights->nb[2],
                        weights->nb[1] * static_cast<size_t>(rows - 1));
    ggml_tensor* sum = ggml_repeat_back(ctx_, weights, last);
    sums = sums == nullptr ? sum : ggml_add(ctx_, sums, sum);
    ggml_build_forward_expand(graph_, sums);  // before the next scores, which can then have their memory
  }
  const LayerProbeNodes nodes{index, sums, ggml_cont(ctx_, last)};
  for (ggml_tensor* node : {nodes.column_sums, nodes.last_row}) {
    ggml_set_output(node);
    ggml_build_forward_expand(graph_, node);
  }
  return nodes;
}

}  // namespace tandem
