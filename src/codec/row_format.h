// The formats of one row of activations: what a value becomes and what a row of them weighs. Which values the
// integers stand for is quantise_rows.h's matter, where the bits lie bit_packing.h's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace tandem {

enum class RowFormat : uint8_t {
  kF32,
  kF16,   // IEEE 754 binary16
  kBf16,  // the upper half of a binary32
  kInt8,
  kInt6,
  kInt5,
  kInt4,
  kInt3,
  kInt2,
  kTernary,  // -1, 0 and 1 times a scale, five to a byte
};

// "f32", "int4", "ternary", ...
std::string_view FormatName(RowFormat format);
std::optional<RowFormat> FormatFrom(std::string_view name);

// True for the formats whose rows need a scale: the integers and ternary.
bool IsScaled(RowFormat format);

// Bits of one value: 32, 16, 8, 6, 5, 4, 3, 2; for ternary 1.6, since 3^5 = 243 fits a byte.
double FormatBits(RowFormat format);

// Bytes of a row of `width` values without its scales.
size_t PackedBytes(RowFormat format, size_t width);

}  // namespace tandem
