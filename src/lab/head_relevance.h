// How much each attention head matters to a model, for `weighted_importance` (codec/row_importance.h): by how
// much the loss rises when that head alone says nothing. No gradients are needed, the figure has a unit (nats
// a token), and it is measured on texts of one's own. Silencing heads one at a time is how Michel, Levy and
// Neubig ("Are sixteen heads really better than one?", arXiv 1905.10650) ask which heads a model could do
// without; system 1 took attention times its gradient (layer-wise relevance propagation) instead.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/types.h"

namespace tandem {

struct HeadRelevance {
  double loss = 0;  // nats a token with all heads
  // [layer][head]: nats a token more without that head. Negative where the model is better off without it.
  std::vector<std::vector<double>> rise;

  // What the heads of a layer count: their rises, those below 0 taken as 0, as shares of their sum; all alike
  // where no head's rise is above 0. Sums to 1.
  std::vector<float> Weights(size_t layer) const;
};

struct HeadRelevanceOptions {
  int threads = 1;
  // Told after each head how many of all are done; false ends the measurement.
  std::function<bool(size_t done, size_t total)> go_on = [](size_t, size_t) { return true; };
};

// Every head of every layer of a GGUF, on the texts' tokens from the second on. Costs about layers * heads /
// 2 passes over the texts (decode/silenced_heads.h). kUsage when go_on says no; kModel for losses that are
// not finite; else as SilencedHeads.
Result<HeadRelevance> MeasureHeadRelevance(const std::string& path, std::span<const std::vector<Token>> texts,
                                           const HeadRelevanceOptions& options);

}  // namespace tandem
