// See statistics.h.
#include "cli/statistics.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace tandem {

namespace {

double QuantileOfSorted(const std::vector<double>& sorted, double at) {
  if (sorted.empty()) return 0;
  const double place = std::clamp(at, 0.0, 1.0) * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<size_t>(place);
  const size_t above = std::min(below + 1, sorted.size() - 1);
  return std::lerp(sorted[below], sorted[above], place - static_cast<double>(below));
}

}  // namespace

double Mean(const std::vector<double>& values) {
  if (values.empty()) return 0;
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

double Median(std::vector<double> values) {
  return Quantile(std::move(values), 0.5);
}

double Quantile(std::vector<double> values, double at) {
  std::sort(values.begin(), values.end());
  return QuantileOfSorted(values, at);
}

double StandardDeviation(const std::vector<double>& values) {
  if (values.size() < 2) return 0;
  const double mean = Mean(values);
  double squares = 0;
  for (const double value : values) squares += (value - mean) * (value - mean);
  return std::sqrt(squares / static_cast<double>(values.size() - 1));
}

Summary Summarize(const std::vector<double>& values) {
  if (values.empty()) return {};
  std::vector<double> sorted = values;
  std::sort(sorted.begin(), sorted.end());
  const double median = QuantileOfSorted(sorted, 0.5);
  return {.mean = Mean(sorted),
          .median = median,
          .min = sorted.front(),
          .max = sorted.back(),
          .std_dev = StandardDeviation(sorted),
          .p10 = QuantileOfSorted(sorted, 0.1),
          .p50 = median,
          .p90 = QuantileOfSorted(sorted, 0.9),
          .p99 = QuantileOfSorted(sorted, 0.99)};
}

}  // namespace tandem
