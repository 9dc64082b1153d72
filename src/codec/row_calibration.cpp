// See row_calibration.h.
#include "codec/row_calibration.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "codec/row_coder.h"
#include "codec/sinks.h"

namespace tandem {
namespace {

tl::unexpected<Error> BadValue(const RowsView& rows, size_t row, float limit) {
  const std::span<const float> values = rows.Row(row);
  const auto bad = std::find_if(values.begin(), values.end(), [limit](float value) {
    return !std::isfinite(value) || std::fabs(value) > limit;
  });
  return Fail(ErrorCode::kModel, "row {}, column {} is {}: rows must be finite, and within {}", row,
              bad - values.begin(), *bad, limit);
}

void Widen(std::span<const float> row, RowCalibration& calibration) {
  for (size_t i = 0; i < row.size(); ++i) {
    ValueRange& range = calibration.channels[i];
    range.low = std::min(range.low, row[i]);
    range.high = std::max(range.high, row[i]);
    calibration.mean_magnitudes[i] += std::fabs(row[i]);
  }
}

}  // namespace

Result<std::vector<float>> RowPeaks(const RowsView& rows, float limit) {
  std::vector<float> peaks(rows.rows());
  for (size_t row = 0; row < peaks.size(); ++row) {
    peaks[row] = std::bit_cast<float>(LargestMagnitudeBits(rows.Row(row)));
    if (!std::isfinite(peaks[row]) || peaks[row] > limit) return BadValue(rows, row, limit);
  }
  return peaks;
}

Result<RowCalibration> Calibrate(const RowCodecSpec& spec, const RowsView& sample, double sink_factor) {
  if (sample.rows() == 0) return Fail(ErrorCode::kUsage, "no rows to calibrate a codec on");
  const Result<std::vector<float>> peaks = RowPeaks(sample, kLargestValue);
  if (!peaks) return Forward(peaks);
  RowCalibration calibration;
  calibration.sink_threshold = static_cast<float>(sink_factor * MedianPeak(*peaks));
  calibration.channels.resize(sample.width);
  calibration.mean_magnitudes.resize(sample.width);
  RowCoder coder(spec, sample.width);
  size_t used = 0;
  for (size_t row = 0; row < peaks->size(); ++row) {
    if (spec.sinks != SinkRule::kNone && (*peaks)[row] > calibration.sink_threshold) continue;
    Widen(coder.Rotated(sample.Row(row)), calibration);
    ++used;
  }
  for (float& mean : calibration.mean_magnitudes) mean /= static_cast<float>(std::max<size_t>(used, 1));
  return calibration;
}

}  // namespace tandem
