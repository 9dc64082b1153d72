// See row_coder.h. Whole runs of values go through memory as they lie: little-endian machines only.
#include "codec/row_coder.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "codec/bit_packing.h"
#include "codec/hadamard.h"
#include "codec/half_floats.h"

namespace tandem {
namespace {

static_assert(std::endian::native == std::endian::little, "rows are copied to messages as they lie");

template <uint16_t (*kTo)(float)>
void WriteShort(std::span<const float> row, std::span<uint8_t> out) {
  for (size_t i = 0; i < row.size(); ++i) {
    const uint16_t value = kTo(row[i]);
    std::memcpy(out.data() + 2 * i, &value, 2);
  }
}

// False if a value is not finite.
template <float (*kFrom)(uint16_t), uint16_t kExponent>
bool ReadShort(ByteView in, std::span<float> row) {
  uint16_t largest = 0;
  for (size_t i = 0; i < row.size(); ++i) {
    uint16_t value = 0;
    std::memcpy(&value, in.data() + 2 * i, 2);
    const auto exponent = static_cast<uint16_t>(value & kExponent);
    largest = exponent > largest ? exponent : largest;
    row[i] = kFrom(value);
  }
  return largest != kExponent;
}

Status EncodePlain(std::span<const float> row, float peak, RowFormat format, std::span<uint8_t> packed) {
  const bool fits = format == RowFormat::kF16    ? IsFiniteHalf(ToHalf(peak))
                    : format == RowFormat::kBf16 ? IsFiniteBf16(ToBf16(peak))
                                                 : true;
  if (!fits) return Fail(ErrorCode::kModel, "a value of magnitude {} is past {}", peak, FormatName(format));
  if (format == RowFormat::kF16) WriteShort<ToHalf>(row, packed);
  if (format == RowFormat::kBf16) WriteShort<ToBf16>(row, packed);
  if (format == RowFormat::kF32) std::memcpy(packed.data(), row.data(), row.size_bytes());
  return {};
}

bool DecodePlain(ByteView packed, RowFormat format, std::span<float> row) {
  if (format == RowFormat::kF16) return ReadShort<FromHalf, 0x7c00>(packed, row);
  if (format == RowFormat::kBf16) return ReadShort<FromBf16, 0x7f80>(packed, row);
  std::memcpy(row.data(), packed.data(), row.size_bytes());
  return LargestMagnitudeBits(row) < 0x7f800000u;
}

bool HasOwnScales(const RowCodecSpec& spec) {
  return spec.span == ScaleSpan::kToken || spec.span == ScaleSpan::kGroup;
}

size_t RunOf(const RowCodecSpec& spec, size_t width) {
  return spec.span == ScaleSpan::kGroup ? static_cast<size_t>(spec.group) : width;
}

}  // namespace

size_t ScaleBytes(const RowCodecSpec& spec, RowFormat format, size_t width) {
  if (!IsScaled(format) || !HasOwnScales(spec)) return 0;
  return width / RunOf(spec, width) * (spec.asymmetric ? 3 : 2);
}

RowCoder::RowCoder(const RowCodecSpec& spec, size_t width)
    : spec_(spec),
      run_(RunOf(spec, width)),
      block_(spec.rotate ? HadamardBlock(width) : 1),
      rotated_(spec.rotate ? width : 0),
      scratch_(spec.rotate ? block_ : 0),
      codes_(width + kCodePadding) {}

std::span<const float> RowCoder::Rotated(std::span<const float> row) {
  if (!spec_.rotate) return row;
  std::copy(row.begin(), row.end(), rotated_.begin());
  Rotate(rotated_, block_, scratch_);
  return rotated_;
}

Status RowCoder::EncodeRuns(std::span<const float> values, const Levels& levels, std::span<uint8_t> scales) {
  uint8_t* out = scales.data();
  for (size_t begin = 0; begin < values.size(); begin += run_) {
    const std::span<const float> run = values.subspan(begin, run_);
    const ValueRange range = RangeOf(run, levels);
    const float wanted = ScaleFor(range, levels) * static_cast<float>(spec_.step);
    const uint16_t half = ToHalfAtLeast(wanted);
    if (!IsFiniteHalf(half)) return Fail(ErrorCode::kModel, "a scale of {} is past f16", wanted);
    const Grid grid = GridOn(FromHalf(half), range, levels);
    std::memcpy(out, &half, 2);
    if (levels.asymmetric) out[2] = static_cast<uint8_t>(grid.zero);
    out += levels.asymmetric ? 3 : 2;
    Quantise(run, grid, levels.top, codes_.data() + begin);
  }
  return {};
}

Status RowCoder::Encode(std::span<const float> row, float peak, RowFormat format, const OuterGrids& outer,
                        std::span<uint8_t> scales, std::span<uint8_t> packed) {
  if (!IsScaled(format)) return EncodePlain(row, peak, format, packed);
  const std::span<const float> values = Rotated(row);
  const Levels levels(format, spec_.asymmetric);
  if (HasOwnScales(spec_)) {
    if (Status s = EncodeRuns(values, levels, scales); !s) return s;
  } else if (outer.channels != nullptr) {
    QuantiseChannels(values, *outer.channels, levels.top, codes_.data());
  } else {
    Quantise(values, outer.tensor, levels.top, codes_.data());
  }
  std::fill(codes_.end() - kCodePadding, codes_.end(), uint8_t{0});
  PackCodes(format, codes_, row.size(), packed);
  return {};
}

Status RowCoder::CheckCodes(const Levels& levels) const {
  uint8_t largest = 0;
  for (size_t i = 0; i + kCodePadding < codes_.size(); ++i) {
    largest = codes_[i] > largest ? codes_[i] : largest;
  }
  if (largest <= levels.top) return {};
  return Fail(ErrorCode::kProtocol, "code {} in a row of {}, the highest is {}", largest,
              FormatName(levels.format), levels.top);
}

Status RowCoder::DecodeRuns(ByteView scales, const Levels& levels, std::span<float> row) {
  const uint8_t* in = scales.data();
  for (size_t begin = 0; begin < row.size(); begin += run_) {
    uint16_t half = 0;
    std::memcpy(&half, in, 2);
    if ((half & 0x8000u) != 0 || !IsFiniteHalf(half)) {
      return Fail(ErrorCode::kProtocol, "a scale of {:#06x} is no finite f16 from 0", half);
    }
    if (levels.asymmetric && in[2] > levels.top) {
      return Fail(ErrorCode::kProtocol, "a zero point of {} is outside 0..{}", in[2], levels.top);
    }
    const float zero = levels.asymmetric ? static_cast<float>(in[2]) : levels.zero;
    in += levels.asymmetric ? 3 : 2;
    Dequantise(codes_.data() + begin, {.scale = FromHalf(half), .zero = zero}, row.subspan(begin, run_));
  }
  return {};
}

Status RowCoder::Decode(ByteView scales, ByteView packed, RowFormat format, const OuterGrids& outer,
                        std::span<float> row) {
  if (!IsScaled(format)) {
    if (DecodePlain(packed, format, row)) return {};
    return Fail(ErrorCode::kProtocol, "a value of a row of {} is not finite", FormatName(format));
  }
  UnpackCodes(format, packed, row.size(), codes_);
  const Levels levels(format, spec_.asymmetric);
  if (Status s = CheckCodes(levels); !s) return s;
  if (HasOwnScales(spec_)) {
    if (Status s = DecodeRuns(scales, levels, row); !s) return s;
  } else if (outer.channels != nullptr) {
    DequantiseChannels(codes_.data(), *outer.channels, row);
  } else {
    Dequantise(codes_.data(), outer.tensor, row);
  }
  if (spec_.rotate) Rotate(row, block_, scratch_);
  return {};
}

}  // namespace tandem
