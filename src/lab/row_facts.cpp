// See row_facts.h.
#include "lab/row_facts.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "codec/rank_agreement.h"
#include "codec/row_importance.h"

namespace tandem {

namespace {

std::vector<std::pair<int, int>> PairsOf(int layers) {
  std::vector<std::pair<int, int>> pairs;
  for (int layer = 0; layer + 1 < layers; ++layer) pairs.emplace_back(layer, layer + 1);
  if (layers > 2) pairs.emplace_back(0, layers - 1);
  return pairs;
}

}  // namespace

RowFacts::RowFacts(int layers, size_t cuts)
    : pairs_(PairsOf(layers)), sums_(1 + 4 * (pairs_.size() + cuts), 0.0) {}

bool RowFacts::Restore(const std::vector<double>& sums) {
  const auto finite = [](double v) { return std::isfinite(v); };
  if (sums.size() != sums_.size() || !std::all_of(sums.begin(), sums.end(), finite)) return false;
  sums_ = sums;
  return true;
}

Status RowFacts::Add(const PerplexityRun& run) {
  if (Status s = AddAgreements(run); !s) return s;
  for (size_t cut = 0; cut < run.chain().cuts(); ++cut) {
    if (Status s = AddPeaks(run, cut); !s) return s;
  }
  ++sums_[0];
  return {};
}

Status RowFacts::AddAgreements(const PerplexityRun& run) {
  const AttentionProbe& seen = run.attention();
  std::vector<std::vector<float>> importance;
  for (const LayerProbe& probe : seen.layers) {
    const LayerAttention layer{probe.layer, probe.column_sums, probe.last_row};
    auto rows = RowImportance({}, {{&layer, 1}, static_cast<size_t>(seen.rows), {}, 0});
    if (!rows) return Forward(rows);
    importance.push_back(std::move(*rows));
  }
  for (size_t i = 0; i < pairs_.size(); ++i) {
    const auto& a = importance.at(static_cast<size_t>(pairs_[i].first));
    const auto& b = importance.at(static_cast<size_t>(pairs_[i].second));
    double* sums = PairSums(i);
    if (const auto spearman = SpearmanCorrelation(a, b)) {
      sums[0] += *spearman;
      ++sums[1];
    }
    sums[2] += TopJaccard(a, b);
  }
  return {};
}

Status RowFacts::AddPeaks(const PerplexityRun& run, size_t cut) {
  const RowsView rows{run.RowsAt(cut), static_cast<size_t>(run.chain().shape().width)};
  auto peaks = RowPeaks(rows, std::numeric_limits<float>::max());
  if (!peaks) return Forward(peaks);
  const double first = peaks->front();
  std::sort(peaks->begin(), peaks->end());
  const double largest = peaks->back(), second = (*peaks)[peaks->size() < 2 ? 0 : peaks->size() - 2];
  const double median = (*peaks)[(peaks->size() - 1) / 2];
  if (median <= 0) return {};
  double* sums = CutSums(cut);
  sums[0] += largest / median;
  sums[1] += second / median;
  sums[2] += first / median;
  sums[3] += first == largest ? 1 : 0;
  return {};
}

std::vector<LayerAgreement> RowFacts::Agreements() const {
  std::vector<LayerAgreement> agreements;
  for (size_t i = 0; i < pairs_.size(); ++i) {
    const double* sums = &sums_[1 + 4 * i];
    agreements.push_back({pairs_[i].first, pairs_[i].second, sums[1] > 0 ? sums[0] / sums[1] : 0,
                          sums_[0] > 0 ? sums[2] / sums_[0] : 0});
  }
  return agreements;
}

CutPeaks RowFacts::Peaks(size_t cut) const {
  const double* sums = &sums_[1 + 4 * (pairs_.size() + cut)];
  const double windows = std::max(1.0, sums_[0]);
  return {sums[0] / windows, sums[1] / windows, sums[2] / windows, sums[3] / windows};
}

}  // namespace tandem
