// What the heads of some layers look at, over the rows of one text: how much attention every row got from all
// queries, and from the last one. Filled by GgmlEngine::StepStages, chunk after chunk of a prompt.
//
// Of the softmax weights A[i][j] of query i over rows j <= i (causal), column_sums[j] is sum over i of
// A[i][j] and last_row[j] is A[last][j].
#pragma once

#include <span>
#include <vector>

namespace tandem {

struct LayerProbe {
  int layer = 0;  // of the model, from 0
  // [heads][rows], head after head.
  std::vector<float> column_sums;
  std::vector<float> last_row;
};

struct AttentionProbe {
  AttentionProbe() = default;
  // Layers in ascending order; nothing seen yet.
  explicit AttentionProbe(std::span<const int> layer_numbers) {
    for (const int layer : layer_numbers) layers.push_back({layer, {}, {}});
  }

  int heads = 0;  // 0 until the first step
  int rows = 0;   // of the text so far
  std::vector<LayerProbe> layers;
};

// Adds what `new_rows` further queries saw to a probe of `rows` rows. `sums` and `last` hold `stride` columns
// a head, of which the first rows + new_rows count. Sums are F32, in the order of the chunks.
void AddQueries(LayerProbe& probe, int rows, int new_rows, std::span<const float> sums,
                std::span<const float> last, int stride);

}  // namespace tandem
