// See row_plan.h.
#include "codec/row_plan.h"

#include <algorithm>
#include <cmath>

#include "codec/bit_shares.h"
#include "codec/sinks.h"

namespace tandem {
namespace {

Status CheckImportance(const RowCodecSpec& spec, std::span<const float> importance, size_t rows) {
  if (importance.empty() && spec.mix == RowMix::kWater) return {};
  if (importance.size() != rows) {
    return Fail(ErrorCode::kUsage, "{} figures of importance for {} rows", importance.size(), rows);
  }
  for (size_t row = 0; row < rows; ++row) {
    if (std::isfinite(importance[row]) && importance[row] >= 0.0f) continue;
    return Fail(ErrorCode::kUsage, "the importance of row {} is {}, not a finite figure from 0", row,
                importance[row]);
  }
  return {};
}

std::vector<uint8_t> Sinks(const RowCodecSpec& spec, const RowsAside& aside) {
  if (spec.sinks == SinkRule::kNone) return std::vector<uint8_t>(aside.peaks.size());
  const bool relative = spec.sinks == SinkRule::kMedian;
  const double median = relative ? MedianPeak(aside.peaks) : 0.0;
  const float threshold = relative ? static_cast<float>(spec.sink_factor * median) : aside.sink_threshold;
  return FindSinks(aside.peaks, aside.first, threshold);
}

double MeanSquare(std::span<const float> row) {
  double sum = 0.0;
  for (const float value : row) sum += double{value} * value;
  return sum / static_cast<double>(row.size());
}

// Formats 0 (low) and 1 (high) of the rows that are no sinks.
std::vector<uint8_t> PlanRatio(double share, std::span<const size_t> free,
                               std::span<const float> importance) {
  std::vector<float> of_free;
  for (const size_t row : free) of_free.push_back(importance[row]);
  std::vector<uint8_t> plan = LeastImportant(of_free, ShareOf(share, free.size()));
  for (uint8_t& low : plan) low = low != 0 ? 0 : 1;
  return plan;
}

// As above; the formats are in the order of their bits.
std::vector<uint8_t> PlanWater(double mean, std::span<const size_t> free, std::span<const RowFormat> formats,
                               const RowsView& rows, std::span<const float> importance) {
  std::vector<double> weights;
  for (const size_t row : free) {
    weights.push_back(MeanSquare(rows.Row(row)) * (importance.empty() ? 1.0 : importance[row]));
  }
  std::vector<uint8_t> plan = WaterFill(weights, mean);
  for (uint8_t& bits : plan) {
    uint8_t index = 0;
    while (FormatBits(formats[index]) < bits) ++index;
    bits = index;
  }
  return plan;
}

}  // namespace

Result<std::vector<uint8_t>> PlanRows(const RowCodecSpec& spec, std::span<const RowFormat> formats,
                                      const RowsView& rows, const RowsAside& aside) {
  std::vector<uint8_t> plan = Sinks(spec, aside);
  std::vector<size_t> free;
  const auto half = std::find(formats.begin(), formats.end(), RowFormat::kF16) - formats.begin();
  for (size_t row = 0; row < plan.size(); ++row) {
    if (plan[row] == 0) free.push_back(row);
    plan[row] = plan[row] == 0 ? 0 : static_cast<uint8_t>(half);
  }
  if (spec.mix == RowMix::kNone) return plan;
  if (Status s = CheckImportance(spec, aside.importance, plan.size()); !s) return Forward(s);
  const std::vector<uint8_t> of_free = spec.mix == RowMix::kRatio
                                           ? PlanRatio(spec.share, free, aside.importance)
                                           : PlanWater(spec.mean_bits, free, formats, rows, aside.importance);
  for (size_t i = 0; i < free.size(); ++i) plan[free[i]] = of_free[i];
  return plan;
}

}  // namespace tandem
