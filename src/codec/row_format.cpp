// See row_format.h.
#include "codec/row_format.h"

#include <array>
#include <utility>

#include "codec/bit_packing.h"

namespace tandem {
namespace {

struct FormatRow {
  RowFormat format;
  std::string_view name;
  double bits;
};

constexpr std::array<FormatRow, 10> kFormats = {{{RowFormat::kF32, "f32", 32},
                                                 {RowFormat::kF16, "f16", 16},
                                                 {RowFormat::kBf16, "bf16", 16},
                                                 {RowFormat::kInt8, "int8", 8},
                                                 {RowFormat::kInt6, "int6", 6},
                                                 {RowFormat::kInt5, "int5", 5},
                                                 {RowFormat::kInt4, "int4", 4},
                                                 {RowFormat::kInt3, "int3", 3},
                                                 {RowFormat::kInt2, "int2", 2},
                                                 {RowFormat::kTernary, "ternary", 1.6}}};

const FormatRow& RowOf(RowFormat format) {
  return kFormats[static_cast<size_t>(format)];
}

}  // namespace

std::string_view FormatName(RowFormat format) {
  return RowOf(format).name;
}

std::optional<RowFormat> FormatFrom(std::string_view name) {
  for (const FormatRow& row : kFormats) {
    if (row.name == name) return row.format;
  }
  return std::nullopt;
}

bool IsScaled(RowFormat format) {
  return format >= RowFormat::kInt8;
}

double FormatBits(RowFormat format) {
  return RowOf(format).bits;
}

size_t PackedBytes(RowFormat format, size_t width) {
  if (IsScaled(format)) return PackedCodeBytes(format, width);
  return width * (format == RowFormat::kF32 ? 4 : 2);
}

}  // namespace tandem
