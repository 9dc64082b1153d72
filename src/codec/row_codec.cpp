// See row_codec.h.
#include "codec/row_codec.h"

#include <algorithm>
#include <bit>
#include <limits>

#include "codec/hadamard.h"
#include "codec/row_coder.h"
#include "codec/zstd_wrap.h"

namespace tandem {
namespace {

size_t VarintBytes(uint64_t value) {
  return value == 0 ? 1 : (static_cast<size_t>(std::bit_width(value)) + 6) / 7;
}

// Bits of one index below `formats`.
size_t IndexBits(size_t formats) {
  return static_cast<size_t>(std::bit_width(formats - 1));
}

void WriteIndices(std::span<const uint8_t> indices, size_t bits, ByteWriter& out) {
  Bytes packed((indices.size() * bits + 7) / 8);
  for (size_t i = 0; i < indices.size() * bits; ++i) {
    const int bit = indices[i / bits] >> (i % bits) & 1;
    packed[i / 8] = static_cast<uint8_t>(packed[i / 8] | bit << (i % 8));
  }
  out.Raw(packed);
}

std::vector<uint8_t> ReadIndices(ByteView packed, size_t bits, size_t count) {
  std::vector<uint8_t> indices(count);
  for (size_t i = 0; i < count * bits; ++i) {
    const int bit = packed[i / 8] >> (i % 8) & 1;
    indices[i / bits] = static_cast<uint8_t>(indices[i / bits] | bit << (i % bits));
  }
  return indices;
}

Status CheckCalibration(const RowCalibration& calibration, size_t width) {
  if (calibration.channels.size() != width || calibration.mean_magnitudes.size() != width) {
    return Fail(ErrorCode::kUsage, "scales of {} calibrated channels for rows of {} values",
                calibration.channels.size(), width);
  }
  for (size_t i = 0; i < width; ++i) {
    const ValueRange& range = calibration.channels[i];
    const float mean = calibration.mean_magnitudes[i];
    const bool ordered = range.low <= 0.0f && range.high >= 0.0f && mean >= 0.0f;
    if (ordered && range.low >= -kLargestRange && range.high <= kLargestRange && mean <= kLargestRange)
      continue;
    return Fail(ErrorCode::kUsage, "channel {} is calibrated to {}..{}, mean magnitude {}", i, range.low,
                range.high, mean);
  }
  return {};
}

Status CheckWidth(const RowCodecSpec& spec, size_t width) {
  if (width < 1 || width > static_cast<size_t>(kMaxRowWidth)) {
    return Fail(ErrorCode::kUsage, "rows of {} values are outside 1..{}", width, kMaxRowWidth);
  }
  if (spec.span == ScaleSpan::kGroup && width % static_cast<size_t>(spec.group) != 0) {
    return Fail(ErrorCode::kUsage, "groups of {} do not divide rows of {} values", spec.group, width);
  }
  if (!spec.rotate || HadamardBlock(width) > 1) return {};
  return Fail(ErrorCode::kUsage, "rows of {} values, an odd number, have no block to rotate", width);
}

Grid GridFor(const ValueRange& range, const Levels& levels) {
  return GridOn(ScaleFor(range, levels), range, levels);
}

ChannelGrids GridsOf(const RowCalibration& calibration, const Levels& levels) {
  ChannelGrids grids;
  for (size_t i = 0; i < calibration.channels.size(); ++i) {
    const ValueRange& range = calibration.channels[i];
    const float reach = levels.format == RowFormat::kTernary ? 1.5f * calibration.mean_magnitudes[i]
                                                             : std::max(-range.low, range.high);
    grids.Add(GridFor(levels.asymmetric ? range : ValueRange{-reach, reach}, levels));
  }
  return grids;
}

}  // namespace

Result<RowCodec> RowCodec::Make(const RowCodecSpec& spec, size_t width, const RowCalibration& calibration) {
  if (Status s = Check(spec); !s) return Forward(s);
  if (Status s = CheckWidth(spec, width); !s) return Forward(s);
  RowCodec codec;
  codec.spec_ = spec;
  codec.width_ = width;
  codec.formats_ = RowFormats(spec);
  codec.sink_threshold_ = calibration.sink_threshold;
  if (!(calibration.sink_threshold >= 0.0f)) {
    return Fail(ErrorCode::kUsage, "a threshold of {} for sinks is below 0", calibration.sink_threshold);
  }
  if (spec.span != ScaleSpan::kChannel) return codec;
  if (Status s = CheckCalibration(calibration, width); !s) return Forward(s);
  for (const RowFormat format : codec.formats_) {
    codec.channel_grids_.push_back(IsScaled(format) ? GridsOf(calibration, {format, spec.asymmetric})
                                                    : ChannelGrids{});
  }
  return codec;
}

RowCodec RowCodec::WithShare(double share) const {
  RowCodec codec = *this;
  codec.spec_.share = share;
  return codec;
}

size_t RowCodec::HeadBytes(size_t rows) const {
  size_t ranges = 0;
  for (const RowFormat format : formats_) ranges += IsScaled(format) ? (spec_.asymmetric ? 8 : 4) : 0;
  return VarintBytes(rows) + (rows * IndexBits(formats_.size()) + 7) / 8 +
         (spec_.span == ScaleSpan::kTensor ? ranges : 0);
}

size_t RowCodec::RowBytes(RowFormat format) const {
  return ScaleBytes(spec_, format, width_) + PackedBytes(format, width_);
}

size_t RowCodec::MostBytes(size_t rows) const {
  size_t most = 0;
  for (const RowFormat format : formats_) most = std::max(most, RowBytes(format));
  return HeadBytes(rows) + rows * most + (spec_.zstd ? 1 : 0);
}

size_t RowCodec::RowsThatFit(size_t most, size_t bytes) const {
  while (most > 1 && MostBytes(most) > bytes) most /= 2;
  return most;
}

// One a format: without `channel` and `tensor` they say nothing.
std::vector<OuterGrids> RowCodec::ChannelOuter() const {
  std::vector<OuterGrids> outer(formats_.size());
  for (size_t i = 0; i < channel_grids_.size(); ++i) outer[i].channels = &channel_grids_[i];
  return outer;
}

void RowCodec::WriteTensorRanges(const RowsView& rows, std::span<const uint8_t> plan, ByteWriter& out,
                                 std::vector<OuterGrids>& outer) const {
  RowCoder coder(spec_, width_);
  for (size_t i = 0; i < formats_.size(); ++i) {
    if (!IsScaled(formats_[i])) continue;
    std::vector<float> values;  // of the rows that share this scale, as they are quantised
    values.reserve(static_cast<size_t>(std::count(plan.begin(), plan.end(), i)) * width_);
    for (size_t row = 0; row < plan.size(); ++row) {
      if (plan[row] != i) continue;
      const std::span<const float> rotated = coder.Rotated(rows.Row(row));
      values.insert(values.end(), rotated.begin(), rotated.end());
    }
    const ValueRange range = RangeOf(values, {formats_[i], spec_.asymmetric});
    if (spec_.asymmetric) out.U32(std::bit_cast<uint32_t>(range.low));
    out.U32(std::bit_cast<uint32_t>(range.high));
    outer[i].tensor = GridFor(range, {formats_[i], spec_.asymmetric});
  }
}

Status RowCodec::ReadTensorRanges(ByteReader& in, std::vector<OuterGrids>& outer) const {
  for (size_t i = 0; i < formats_.size(); ++i) {
    if (!IsScaled(formats_[i])) continue;
    ValueRange range;
    if (spec_.asymmetric) range.low = std::bit_cast<float>(in.U32());
    range.high = std::bit_cast<float>(in.U32());
    if (!(range.low <= 0.0f && range.low >= -kLargestRange && range.high >= 0.0f &&
          range.high <= kLargestRange)) {
      return Fail(ErrorCode::kProtocol, "rows on a scale from {} to {}", range.low, range.high);
    }
    outer[i].tensor = GridFor(range, {formats_[i], spec_.asymmetric});
  }
  return {};
}

Status RowCodec::EncodeRows(const RowsView& rows, std::span<const float> peaks, std::span<const uint8_t> plan,
                            std::span<const OuterGrids> outer, std::span<uint8_t> out) const {
  size_t scales = 0;
  for (const uint8_t index : plan) scales += ScaleBytes(spec_, formats_[index], width_);
  size_t scale_at = 0, value_at = scales;
  RowCoder coder(spec_, width_);
  for (size_t row = 0; row < plan.size(); ++row) {
    const RowFormat format = formats_[plan[row]];
    const std::span<uint8_t> to_scales = out.subspan(scale_at, ScaleBytes(spec_, format, width_));
    const std::span<uint8_t> to_values = out.subspan(value_at, PackedBytes(format, width_));
    if (Status s = coder.Encode(rows.Row(row), peaks[row], format, outer[plan[row]], to_scales, to_values);
        !s) {
      return Fail(s.error().code, "row {}: {}", row, s.error().message);
    }
    scale_at += to_scales.size();
    value_at += to_values.size();
  }
  return {};
}

Result<Bytes> RowCodec::EncodeMessage(const RowsView& rows, std::span<const float> peaks,
                                      std::span<const uint8_t> plan) const {
  ByteWriter head;
  head.Varint(rows.rows());
  WriteIndices(plan, IndexBits(formats_.size()), head);
  std::vector<OuterGrids> outer = ChannelOuter();
  if (spec_.span == ScaleSpan::kTensor) WriteTensorRanges(rows, plan, head, outer);
  Bytes message = head.Take();
  const size_t head_bytes = message.size();
  size_t bytes = head_bytes;
  for (const uint8_t index : plan) bytes += RowBytes(formats_[index]);
  message.resize(bytes);
  const std::span<uint8_t> body = std::span(message).subspan(head_bytes);
  if (Status s = EncodeRows(rows, peaks, plan, outer, body); !s) return Forward(s);
  return message;
}

Result<Bytes> RowCodec::Encode(const RowsView& rows, Pos first, std::span<const float> importance) const {
  if (rows.width != width_ || rows.values.empty() || rows.values.size() % width_ != 0) {
    return Fail(ErrorCode::kUsage, "{} values in rows of {} for a codec of width {}", rows.values.size(),
                rows.width, width_);
  }
  if (rows.rows() > kMaxMessageRows) {
    return Fail(ErrorCode::kUsage, "{} rows in a message of at most {}", rows.rows(), kMaxMessageRows);
  }
  const float limit = IsScaled(formats_[0]) ? kLargestValue : std::numeric_limits<float>::max();
  const Result<std::vector<float>> peaks = RowPeaks(rows, limit);
  if (!peaks) return Forward(peaks);
  const Result<std::vector<uint8_t>> plan =
      PlanRows(spec_, formats_, rows, {first, *peaks, importance, sink_threshold_});
  if (!plan) return Forward(plan);
  Result<Bytes> message = EncodeMessage(rows, *peaks, *plan);
  return message && spec_.zstd ? Wrap(*message) : message;
}

Result<std::vector<uint8_t>> RowCodec::ReadPlan(ByteReader& in, size_t rows) const {
  const size_t bits = IndexBits(formats_.size());
  const ByteView packed = in.Raw((rows * bits + 7) / 8);  // there: at least a byte a row is
  std::vector<uint8_t> plan = ReadIndices(packed, bits, rows);
  for (size_t row = 0; row < rows; ++row) {
    if (plan[row] < formats_.size()) continue;
    return Fail(ErrorCode::kProtocol, "row {} has format {} of {}", row, plan[row], formats_.size());
  }
  return plan;
}

Result<std::vector<float>> RowCodec::DecodeRows(ByteReader& in, std::span<const uint8_t> plan,
                                                std::span<const OuterGrids> outer) const {
  size_t scale_bytes = 0, value_bytes = 0;
  for (const uint8_t index : plan) {
    scale_bytes += ScaleBytes(spec_, formats_[index], width_);
    value_bytes += PackedBytes(formats_[index], width_);
  }
  if (in.remaining() != scale_bytes + value_bytes) {
    return Fail(ErrorCode::kProtocol, "{} bytes for {} rows that take {}", in.remaining(), plan.size(),
                scale_bytes + value_bytes);
  }
  ByteReader scales(in.Raw(scale_bytes));
  std::vector<float> rows(plan.size() * width_);
  RowCoder coder(spec_, width_);
  for (size_t row = 0; row < plan.size(); ++row) {
    const RowFormat format = formats_[plan[row]];
    const ByteView own = scales.Raw(ScaleBytes(spec_, format, width_));
    const std::span<float> to = std::span(rows).subspan(row * width_, width_);
    const ByteView values = in.Raw(PackedBytes(format, width_));
    if (Status s = coder.Decode(own, values, format, outer[plan[row]], to); !s) {
      return Fail(s.error().code, "row {}: {}", row, s.error().message);
    }
  }
  return rows;
}

Result<std::vector<float>> RowCodec::DecodeMessage(ByteView message, size_t max_rows) const {
  ByteReader in(message);
  const uint64_t rows = in.Varint();
  // Every row takes a byte at least: what is allocated for rows has arrived.
  const size_t most = std::min(max_rows, kMaxMessageRows);
  if (!in.ok() || rows < 1 || rows > most || rows > in.remaining()) {
    return Fail(ErrorCode::kProtocol, "a message of {} rows in {} bytes, 1..{} of a byte each are expected",
                rows, message.size(), most);
  }
  const Result<std::vector<uint8_t>> plan = ReadPlan(in, static_cast<size_t>(rows));
  if (!plan) return Forward(plan);
  std::vector<OuterGrids> outer = ChannelOuter();
  if (spec_.span == ScaleSpan::kTensor) {
    if (Status s = ReadTensorRanges(in, outer); !s) return Forward(s);
  }
  if (!in.ok()) return Fail(ErrorCode::kProtocol, "a message of {} bytes ends in its scales", message.size());
  return DecodeRows(in, *plan, outer);
}

Result<std::vector<float>> RowCodec::Decode(ByteView message, size_t max_rows) const {
  if (!spec_.zstd) return DecodeMessage(message, max_rows);
  const Result<Bytes> plain = Unwrap(message, MostBytes(std::min(max_rows, kMaxMessageRows)));
  if (!plain) return Forward(plain);
  return DecodeMessage(*plain, max_rows);
}

}  // namespace tandem
