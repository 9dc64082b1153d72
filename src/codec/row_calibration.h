// What a codec knows beforehand of the rows of one cut of one model, measured on sample rows. It is part of
// the model, as weights are: both sides hold the same, and no message carries it.
#pragma once

#include <limits>
#include <vector>

#include "base/result.h"
#include "codec/quantise_rows.h"
#include "codec/row_plan.h"

namespace tandem {

struct RowCalibration {
  // One range a channel of rows as they are quantised (rotated, for a codec with rot), for scale `channel`:
  // lowest and highest value, with 0 between them; and the mean magnitude, of which ternary's scale is 1.5
  // times (the least-squares level of a normal law is 1.53 times). Empty where no codec needs them.
  std::vector<ValueRange> channels{};
  std::vector<float> mean_magnitudes{};
  // For word `sink`: rows with a larger magnitude stay f16. Infinite: position 0 alone does.
  float sink_threshold = std::numeric_limits<float>::infinity();
  friend bool operator==(const RowCalibration&, const RowCalibration&) = default;
};

// Measures both on `sample`, one row at least. The threshold is sink_factor > 0 times the median of the rows'
// peaks (64 as in docs/codecs.md); with sinks in the spec, rows past it leave the channels' ranges alone.
// kUsage for no rows; as RowPeaks for a value that is not finite or past kLargestValue.
Result<RowCalibration> Calibrate(const RowCodecSpec& spec, const RowsView& sample, double sink_factor = 64.0);

// The largest magnitude of every row. kModel with row and column of a value that is not finite, or past
// `limit`.
Result<std::vector<float>> RowPeaks(const RowsView& rows, float limit);

}  // namespace tandem
