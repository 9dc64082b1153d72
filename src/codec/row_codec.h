// Row codecs: rows of hidden activations, [rows, width] floats, to one message of bytes and back. The codec
// is agreed by name before (row_codec_spec.h) and the width is the model's; a message holds what is left to
// say. Layout, little-endian, before zstd (zstd_wrap.h):
//   varint          rows, at least 1
//   formats         one index into RowFormats a row, in as few bits as the last index takes (0 to 3), low
//                   bits first, to a whole byte
//   tensor scales   with `tensor`: for each scaled format the top of its range as f32, with asym its bottom
//                   first; 0 where no row has that format
//   scales          every row's, in order (row_coder.h)
//   values          every row's, each to a whole byte
// Coding is a pure function: equal rows, equal bytes, on every machine (but for what another libzstd makes of
// them); decoding gives equal floats.
#pragma once

#include <span>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "codec/quantise_rows.h"
#include "codec/row_calibration.h"
#include "codec/row_codec_spec.h"
#include "codec/row_plan.h"

namespace tandem {

constexpr size_t kMaxMessageRows = 1 << 16;

// Unchanging once made: any number of threads may use one at once.
class RowCodec {
 public:
  // kUsage for a spec that fails Check, a width outside 1..kMaxRowWidth, a group that does not divide it,
  // `rot` with an odd width (nothing to rotate), a sink threshold below 0, and `channel` without a
  // calibration of finite ranges for the width.
  static Result<RowCodec> Make(const RowCodecSpec& spec, size_t width,
                               const RowCalibration& calibration = {});

  // 1..kMaxMessageRows rows of the codec's width. `first` is the first row's position in the text.
  // `importance`: one finite figure >= 0 a row, needed by mix, optional for water, ignored by others. kModel
  // for values that are not finite (with row and column) or that the row's format cannot hold (with the
  // row); kUsage for the rest.
  Result<Bytes> Encode(const RowsView& rows, Pos first, std::span<const float> importance = {}) const;

  // Any bytes: finite rows [rows, width], 1..max_rows of them, or kProtocol with a sentence. Allocates at
  // most 4 bytes a value of max_rows rows and a few rows of scratch; with zstd MostBytes(max_rows) beside.
  Result<std::vector<float>> Decode(ByteView message, size_t max_rows) const;

  // No message of 1..rows rows is larger.
  size_t MostBytes(size_t rows) const;

  // `most`, halved until no message of so many rows takes more than `bytes`; at least 1.
  size_t RowsThatFit(size_t most, size_t bytes) const;

  // The same codec with another share (0..1) of a mix; what it codes reads as this one's.
  RowCodec WithShare(double share) const;

  bool RowLocal() const { return IsRowLocal(spec_); }
  const RowCodecSpec& spec() const { return spec_; }
  size_t width() const { return width_; }

 private:
  RowCodec() = default;

  std::vector<OuterGrids> ChannelOuter() const;
  size_t HeadBytes(size_t rows) const;
  size_t RowBytes(RowFormat format) const;
  void WriteTensorRanges(const RowsView& rows, std::span<const uint8_t> plan, ByteWriter& out,
                         std::vector<OuterGrids>& outer) const;
  Status ReadTensorRanges(ByteReader& in, std::vector<OuterGrids>& outer) const;
  Result<Bytes> EncodeMessage(const RowsView& rows, std::span<const float> peaks,
                              std::span<const uint8_t> plan) const;
  Status EncodeRows(const RowsView& rows, std::span<const float> peaks, std::span<const uint8_t> plan,
                    std::span<const OuterGrids> outer, std::span<uint8_t> out) const;
  Result<std::vector<uint8_t>> ReadPlan(ByteReader& in, size_t rows) const;
  Result<std::vector<float>> DecodeMessage(ByteView message, size_t max_rows) const;
  Result<std::vector<float>> DecodeRows(ByteReader& in, std::span<const uint8_t> plan,
                                        std::span<const OuterGrids> outer) const;

  RowCodecSpec spec_;
  size_t width_ = 1;
  float sink_threshold_ = 0.0f;
  std::vector<RowFormat> formats_;
  std::vector<ChannelGrids> channel_grids_;  // with `channel` one a format, else none
};

}  // namespace tandem
