// One row of one format to its scales and its packed values, and back. A row's scales are ScaleBytes long:
// for each run that shares one (the row, or a group) the scale as f16, rounded up so that nothing is clipped,
// and with asym a byte for the zero. A coder holds a row's scratch: one thread at a time.
#pragma once

#include <span>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "codec/quantise_rows.h"
#include "codec/row_codec_spec.h"

namespace tandem {

class RowCoder {
 public:
  // The spec has passed Check, its group divides `width`. `spec` must outlive the coder.
  RowCoder(const RowCodecSpec& spec, size_t width);

  // A row as it is quantised: rotated, or as it came. Valid until the next call.
  std::span<const float> Rotated(std::span<const float> row);

  // `peak` is the row's largest magnitude; the spans are ScaleBytes and PackedBytes long. kModel for values
  // or scales that f16 or bf16 cannot hold.
  Status Encode(std::span<const float> row, float peak, RowFormat format, const OuterGrids& outer,
                std::span<uint8_t> scales, std::span<uint8_t> packed);

  // Any bytes of the right lengths; kProtocol for scales, zeros, codes or values that no encoder writes. What
  // it gives is finite for outer grids whose range is within kLargestRange.
  Status Decode(ByteView scales, ByteView packed, RowFormat format, const OuterGrids& outer,
                std::span<float> row);

 private:
  Status EncodeRuns(std::span<const float> values, const Levels& levels, std::span<uint8_t> scales);
  Status DecodeRuns(ByteView scales, const Levels& levels, std::span<float> row);
  Status CheckCodes(const Levels& levels) const;

  const RowCodecSpec& spec_;
  size_t run_;    // values that share a scale in the row
  size_t block_;  // of the rotation; 1 without
  std::vector<float> rotated_;
  std::vector<float> scratch_;
  std::vector<uint8_t> codes_;
};

// Rows that are quantised hold no larger magnitude, nor do ranges on the wire: rotation cannot overflow.
constexpr float kLargestValue = 1e20f;
constexpr float kLargestRange = 1e30f;

// Bytes of a row's scales.
size_t ScaleBytes(const RowCodecSpec& spec, RowFormat format, size_t width);

}  // namespace tandem
