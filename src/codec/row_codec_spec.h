// What a row codec does, and its name. A name is a head and words behind it, separated by '/':
//
//   head     f32 | f16 | bf16 | int8 | int6 | int5 | int4 | int3 | int2 | ternary      every row alike
//            mix:LOW:HIGH:SHARE   that share of the rows, least important first, as LOW; the others as HIGH
//            water:BITS           integer bits by importance times variance, BITS a value in the mean
//   scale    token (the default) | gG (groups of G values) | channel | tensor
//   step:Fx  scales (token, gG) F times as large as their run needs: fewer codes in use, for zstd to gain
//   from asym     a zero point beside each scale rot      block-Hadamard rotation before the integers sink
//   position 0, and rows past a threshold given to the codec, stay f16 sink:Fx  position 0, and rows past F
//   times the median of their message, stay f16 zstd     the message goes through zstd when that makes it
//   smaller
//
// The words may come in any order; Name prints them in this one: `int4/g96/rot/sink/zstd`, `f16`,
// `mix:int4:f32:0.75/tensor`, `water:3.5/token/asym/rot`. docs/codecs.md has the formulas and layouts.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "codec/row_format.h"

namespace tandem {

enum class RowMix : uint8_t { kNone, kRatio, kWater };
enum class ScaleSpan : uint8_t { kToken, kGroup, kChannel, kTensor };
enum class SinkRule : uint8_t { kNone, kThreshold, kMedian };

constexpr int32_t kMaxRowWidth = 1 << 16;  // values
constexpr double kLeastWaterBits = 2.0;
constexpr double kMostWaterBits = 8.0;
constexpr double kLeastStep = 1.0, kMostStep = 16.0;

// Fields that a codec does not use keep their defaults, so that equal codecs are equal structs.
struct RowCodecSpec {
  RowMix mix = RowMix::kNone;
  RowFormat format = RowFormat::kF16;  // of every row; with kRatio of the less important; unused with kWater
  RowFormat high = RowFormat::kF16;    // kRatio: of the other rows
  double share = 0.0;                  // kRatio: of the rows that are no sinks, 0..1, rounded down to rows
  double mean_bits = 0.0;              // kWater: kLeastWaterBits..kMostWaterBits a value, scales not counted
  ScaleSpan span = ScaleSpan::kToken;
  int32_t group = 0;  // kGroup: 1..kMaxRowWidth values; must divide the width
  bool asymmetric = false;
  bool rotate = false;
  SinkRule sinks = SinkRule::kNone;
  double sink_factor = 0.0;  // kMedian: above 0
  bool zstd = false;
  double step = 1.0;  // kToken, kGroup: kLeastStep..kMostStep; above 1 a coarser grid than the run needs
  friend bool operator==(const RowCodecSpec&, const RowCodecSpec&) = default;
};

// kUsage with a sentence for an unknown word, a word that comes twice, a figure out of range, or words that
// make no sense together.
Result<RowCodecSpec> ParseRowCodec(std::string_view name);

// ParseRowCodec gives this spec back. The spec must have passed Check.
std::string Name(const RowCodecSpec& spec);

// As ParseRowCodec says of a name.
Status Check(const RowCodecSpec& spec);

// A row's decoded values depend on that row and its position alone: rows may be coded one by one or together.
// Not so where rows share a scale (tensor), are compared (sink:Fx), or compete for bits (mix, water).
bool IsRowLocal(const RowCodecSpec& spec);

// The formats that a row of this codec can have, in the order in which messages number them: f16 for sinks
// comes last where no other entry is f16.
std::vector<RowFormat> RowFormats(const RowCodecSpec& spec);

}  // namespace tandem
