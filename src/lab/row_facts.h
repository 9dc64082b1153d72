// What is seen beside a perplexity: how far layers agree on which rows matter, and which rows set the scale
// at a cut. Means over windows.
#pragma once

#include <vector>

#include "base/result.h"
#include "lab/perplexity_run.h"

namespace tandem {

// Of two layers' regular importances of a window's rows (codec/row_importance.h, codec/rank_agreement.h).
struct LayerAgreement {
  int a = 0, b = 0;     // layers, from 0
  double spearman = 0;  // of the windows where both layers' figures differ at all
  double jaccard = 0;   // of the tops of a tenth
};

// Of the rows' peaks (largest magnitudes) at a cut.
struct CutPeaks {
  double largest_to_median = 0;  // the peak that sets a message's one scale, over the median row's
  double second_to_median = 0;   // that would, were it not for the largest
  double first_to_median = 0;    // of the window's first row
  double first_is_largest = 0;   // share of windows, 0 to 1
};

class RowFacts {
 public:
  // layers: of the model; cuts: of the run's chain.
  RowFacts(int layers, size_t cuts);

  // The window that the run has just done; it watches all layers. kModel for rows that are not finite.
  Status Add(const PerplexityRun& run);

  // Neighbours from layer 0 on, then the first and the last.
  std::vector<LayerAgreement> Agreements() const;
  CutPeaks Peaks(size_t cut) const;  // zeros before the first window

  // All sums, to be kept and taken up again. False: they are none of these layers and cuts.
  const std::vector<double>& sums() const { return sums_; }
  bool Restore(const std::vector<double>& sums);

 private:
  Status AddAgreements(const PerplexityRun& run);
  Status AddPeaks(const PerplexityRun& run, size_t cut);
  double* PairSums(size_t pair) { return &sums_[1 + 4 * pair]; }
  double* CutSums(size_t cut) { return &sums_[1 + 4 * (pairs_.size() + cut)]; }

  std::vector<std::pair<int, int>> pairs_;
  // [0] windows; then four for each pair (spearman, windows that have one, jaccard, 0) and each cut (as
  // CutPeaks).
  std::vector<double> sums_;
};

}  // namespace tandem
