// A row's codes (one byte each, from 0) to packed bytes and back. A format's bits are cut into planes of 8,
// 4, 2 and 1 bits, highest bits first; five ternary digits share a byte. Within a plane whose bytes hold k
// values each, with h = ceil(n / k) bytes, byte i holds the values i, i + h, i + 2h, ..: neighbours stay
// neighbours, so that compilers make vector code of the plain loops.
#pragma once

#include <span>

#include "base/bytes.h"
#include "codec/row_format.h"

namespace tandem {

// Bytes of `count` codes: the sum over the planes of ceil(count / k). `format` must be scaled, as below.
size_t PackedCodeBytes(RowFormat format, size_t count);

// The highest code that a format's bits can say: 255, 63, .., 3; 2 for ternary.
uint8_t HighestCode(RowFormat format);

// A row's scratch: codes need room behind the last for what fills a plane's last byte.
constexpr size_t kCodePadding = 8;

// `codes` holds count + kCodePadding bytes, the padding 0, every code at most HighestCode; `out` holds
// PackedCodeBytes.
void PackCodes(RowFormat format, std::span<const uint8_t> codes, size_t count, std::span<uint8_t> out);

// Any bytes, PackedCodeBytes of them; `codes` as above, its padding may be overwritten. Only ternary bytes
// past 242 give a digit above HighestCode, 3.
void UnpackCodes(RowFormat format, ByteView bytes, size_t count, std::span<uint8_t> codes);

}  // namespace tandem
