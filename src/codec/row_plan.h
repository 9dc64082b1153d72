// Which format each row of a message gets: sinks f16, the others the codec's format or, in a mix, what their
// importance earns them.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/result.h"
#include "base/types.h"
#include "codec/row_codec_spec.h"

namespace tandem {

// Rows of activations [rows, width], one after the other; the values belong to the caller.
struct RowsView {
  std::span<const float> values{};  // a multiple of width
  size_t width = 1;                 // >= 1

  size_t rows() const { return values.size() / width; }
  std::span<const float> Row(size_t row) const { return values.subspan(row * width, width); }
};

// What is known of a message's rows beside their values.
struct RowsAside {
  Pos first = 0;  // the first row's position; rows follow each other in the text
  // One a row: its largest magnitude.
  std::span<const float> peaks{};
  // One a row, finite and >= 0; or none: mix needs them, water then takes 1.
  std::span<const float> importance{};
  float sink_threshold = 0.0f;  // for SinkRule::kThreshold
};

// For every row the index of its format in `formats`, which is RowFormats(spec). kUsage for importance that
// is missing, or not one finite figure >= 0 a row.
Result<std::vector<uint8_t>> PlanRows(const RowCodecSpec& spec, std::span<const RowFormat> formats,
                                      const RowsView& rows, const RowsAside& aside);

}  // namespace tandem
