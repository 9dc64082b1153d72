// See row_reader.h.
#include "lab/row_reader.h"

#include <algorithm>

namespace tandem {

namespace {

constexpr size_t kMostTried = 512;
constexpr double kStrengths[] = {1e-5, 1e-3, 0.1};
constexpr RowMetric kMetrics[] = {RowMetric::kEuclid, RowMetric::kCosine};

// The first `count` rows, or the last.
KnownRows First(const KnownRows& known, size_t count, size_t width) {
  return {{known.rows.begin(), known.rows.begin() + static_cast<ptrdiff_t>(count * width)},
          {known.ids.begin(), known.ids.begin() + static_cast<ptrdiff_t>(count)}};
}
KnownRows Last(const KnownRows& known, size_t count, size_t width) {
  return {{known.rows.end() - static_cast<ptrdiff_t>(count * width), known.rows.end()},
          {known.ids.end() - static_cast<ptrdiff_t>(count), known.ids.end()}};
}

size_t TriedOf(const KnownRows& known) {
  return std::clamp<size_t>(known.ids.size() / 4, 1, kMostTried);
}

double Share(const RowReader& reader, const KnownRows& tried) {
  const std::vector<Token> read = reader.Read(tried.rows, 1);
  size_t right = 0;
  for (size_t i = 0; i < read.size(); ++i) right += read[i] == tried.ids[i];
  return static_cast<double>(right) / static_cast<double>(read.size());
}

std::vector<float> EmbeddingsOf(const NearestIds& embeddings, std::span<const Token> ids) {
  std::vector<float> rows;
  rows.reserve(ids.size() * embeddings.width());
  for (const Token id : ids) {
    const std::span<const float> vector = embeddings.vector(id);
    rows.insert(rows.end(), vector.begin(), vector.end());
  }
  return rows;
}

// The mean embedding less the mean row.
std::vector<float> ShiftOf(const NearestIds& embeddings, const KnownRows& known) {
  const std::vector<float> targets = EmbeddingsOf(embeddings, known.ids);
  std::vector<double> sums(embeddings.width());
  for (size_t i = 0; i < targets.size(); ++i) sums[i % sums.size()] += double{targets[i]} - known.rows[i];
  std::vector<float> shift;
  for (const double sum : sums)
    shift.push_back(static_cast<float>(sum / static_cast<double>(known.ids.size())));
  return shift;
}

}  // namespace

RowReader RowReader::Plain(std::shared_ptr<const NearestIds> embeddings, const KnownRows& known) {
  const KnownRows tried = Last(known, TriedOf(known), embeddings->width());
  const std::vector<float> shift = ShiftOf(*embeddings, known);
  RowReader best(embeddings);
  for (const std::vector<float>& added : {std::vector<float>{}, shift}) {
    for (const RowMetric metric : kMetrics) {
      RowReader reader(embeddings);
      reader.metric_ = metric;
      reader.shift_ = added;
      reader.known_share_ = Share(reader, tried);
      if (reader.known_share_ > best.known_share_) best = std::move(reader);
    }
  }
  return best;
}

Result<RowReader> RowReader::Probe(std::shared_ptr<const NearestIds> embeddings, const KnownRows& known) {
  const size_t width = embeddings->width(), count = TriedOf(known);
  const KnownRows tried = Last(known, count, width), rest = First(known, known.ids.size() - count, width);
  const std::vector<float> targets = EmbeddingsOf(*embeddings, known.ids);
  const auto of_rest = std::span<const float>(targets).first(rest.rows.size());
  RowReader best(embeddings);
  for (const double strength : kStrengths) {
    const auto probe = RidgeProbe::Fit(rest.rows, of_rest, width, strength);
    if (!probe) return Forward(probe);
    for (const RowMetric metric : kMetrics) {
      RowReader reader(embeddings);
      reader.metric_ = metric;
      reader.probe_ = *probe;
      reader.strength_ = strength;
      reader.known_share_ = Share(reader, tried);
      if (reader.known_share_ > best.known_share_) best = std::move(reader);
    }
  }
  auto probe = RidgeProbe::Fit(known.rows, targets, width, best.strength_);
  if (!probe) return Forward(probe);
  best.probe_ = std::move(*probe);
  return best;
}

std::vector<Token> RowReader::Read(std::span<const float> rows, size_t most) const {
  if (probe_) return embeddings_->Nearest(probe_->Map(rows), most, metric_);
  if (shift_.empty()) return embeddings_->Nearest(rows, most, metric_);
  std::vector<float> shifted(rows.begin(), rows.end());
  for (size_t i = 0; i < shifted.size(); ++i) shifted[i] += shift_[i % shift_.size()];
  return embeddings_->Nearest(shifted, most, metric_);
}

}  // namespace tandem
