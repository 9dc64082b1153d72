// Reads ids out of rows, each row alone: by the nearest embedding, of the row itself or of what a ridge probe
// makes of it. How it reads best is tried out on rows whose ids are known.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/result.h"
#include "lab/nearest_ids.h"
#include "lab/ridge_probe.h"

namespace tandem {

// Rows at a cut, [ids, width], and the ids that they are of.
struct KnownRows {
  std::vector<float> rows;
  std::vector<Token> ids;
};

class RowReader {
 public:
  // Chooses the metric, and whether rows are shifted by the difference of the mean embedding and the mean
  // row, on the last rows of `known` (at most 512, a quarter of them): the share of ids read right decides.
  static RowReader Plain(std::shared_ptr<const NearestIds> embeddings, const KnownRows& known);
  // Learns the map on the others and chooses strength (1e-5, 1e-3, 0.1 of RidgeProbe) and metric on those;
  // then learns it again on all. Errors as RidgeProbe::Fit.
  static Result<RowReader> Probe(std::shared_ptr<const NearestIds> embeddings, const KnownRows& known);

  // [n, most]: the likeliest ids of each row, best first.
  std::vector<Token> Read(std::span<const float> rows, size_t most) const;

  RowMetric metric() const { return metric_; }
  bool centred() const { return !shift_.empty(); }
  double strength() const { return strength_; }        // of the probe, 0 without
  double known_share() const { return known_share_; }  // read right when it was chosen

 private:
  explicit RowReader(std::shared_ptr<const NearestIds> embeddings) : embeddings_(std::move(embeddings)) {}

  std::shared_ptr<const NearestIds> embeddings_;
  RowMetric metric_ = RowMetric::kEuclid;
  std::vector<float> shift_;  // added to every row; empty: none
  std::optional<RidgeProbe> probe_;
  double strength_ = 0, known_share_ = -1;
};

}  // namespace tandem
