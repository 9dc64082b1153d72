// Little-endian integers and varints, see bytes.h.
#include "base/bytes.h"

namespace tandem {

void ByteWriter::U32(uint32_t v) {
  for (int i = 0; i < 4; ++i) U8(static_cast<uint8_t>(v >> (8 * i)));
}

void ByteWriter::U64(uint64_t v) {
  for (int i = 0; i < 8; ++i) U8(static_cast<uint8_t>(v >> (8 * i)));
}

void ByteWriter::Varint(uint64_t v) {
  for (; v >= 0x80; v >>= 7) U8(static_cast<uint8_t>(v | 0x80));
  U8(static_cast<uint8_t>(v));
}

uint64_t ByteReader::Stop() {
  ok_ = false;
  rest_ = {};
  return 0;
}

uint64_t ByteReader::Fixed(size_t n) {
  if (!ok_ || rest_.size() < n) return Stop();
  uint64_t v = 0;
  for (size_t i = 0; i < n; ++i) v |= uint64_t{rest_[i]} << (8 * i);
  rest_ = rest_.subspan(n);
  return v;
}

uint8_t ByteReader::U8() {
  return static_cast<uint8_t>(Fixed(1));
}
uint32_t ByteReader::U32() {
  return static_cast<uint32_t>(Fixed(4));
}
uint64_t ByteReader::U64() {
  return Fixed(8);
}

uint64_t ByteReader::Varint() {
  uint64_t v = 0;
  for (int shift = 0; shift < 70; shift += 7) {
    const uint64_t byte = Fixed(1);
    if (!ok_) return 0;
    if (shift == 63 && byte > 1) return Stop();
    v |= (byte & 0x7F) << shift;
    if (byte < 0x80) return byte == 0 && shift > 0 ? Stop() : v;
  }
  return Stop();
}

ByteView ByteReader::Raw(size_t n) {
  if (!ok_ || rest_.size() < n) {
    Stop();
    return {};
  }
  const ByteView out = rest_.first(n);
  rest_ = rest_.subspan(n);
  return out;
}

}  // namespace tandem
