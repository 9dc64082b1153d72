// See bit_packing.h. A plane of b bits that lies above `shift` bits of a code.
#include "codec/bit_packing.h"

#include <algorithm>

namespace tandem {
namespace {

struct Planes {
  int bits[2];  // highest first, 0 for none
};

Planes PlanesOf(RowFormat format) {
  switch (format) {
    case RowFormat::kInt8:
      return {{8, 0}};
    case RowFormat::kInt6:
      return {{4, 2}};
    case RowFormat::kInt5:
      return {{4, 1}};
    case RowFormat::kInt4:
      return {{4, 0}};
    case RowFormat::kInt3:
      return {{2, 1}};
    case RowFormat::kInt2:
      return {{2, 0}};
    default:
      return {{0, 0}};
  }
}

size_t CeilDiv(size_t n, size_t d) {
  return (n + d - 1) / d;
}

// `h` bytes; pass j of the outer loop adds the values from j * h on.
template <int kBits>
void PackPlane(const uint8_t* codes, size_t h, int shift, uint8_t* out) {
  constexpr uint8_t kMask = (1u << kBits) - 1u;
  for (size_t i = 0; i < h; ++i) out[i] = static_cast<uint8_t>((codes[i] >> shift) & kMask);
  for (size_t j = 1; j < 8 / kBits; ++j) {
    const uint8_t* from = codes + j * h;
    for (size_t i = 0; i < h; ++i) {
      out[i] = static_cast<uint8_t>(out[i] | ((from[i] >> shift) & kMask) << (kBits * j));
    }
  }
}

// Sets the codes for the highest plane (kFirst), adds to them below it.
template <int kBits, bool kFirst>
void UnpackPlane(const uint8_t* bytes, size_t h, int shift, uint8_t* codes) {
  constexpr uint8_t kMask = (1u << kBits) - 1u;
  for (size_t j = 0; j < 8 / kBits; ++j) {
    uint8_t* to = codes + j * h;
    for (size_t i = 0; i < h; ++i) {
      const int part = ((bytes[i] >> (kBits * j)) & kMask) << shift;
      to[i] = static_cast<uint8_t>(kFirst ? part : to[i] | part);
    }
  }
}

void PackBits(int bits, const uint8_t* codes, size_t h, int shift, uint8_t* out) {
  switch (bits) {
    case 8:
      return PackPlane<8>(codes, h, shift, out);
    case 4:
      return PackPlane<4>(codes, h, shift, out);
    case 2:
      return PackPlane<2>(codes, h, shift, out);
    default:
      return PackPlane<1>(codes, h, shift, out);
  }
}

template <bool kFirst>
void UnpackBits(int bits, const uint8_t* bytes, size_t h, int shift, uint8_t* codes) {
  switch (bits) {
    case 8:
      return UnpackPlane<8, kFirst>(bytes, h, shift, codes);
    case 4:
      return UnpackPlane<4, kFirst>(bytes, h, shift, codes);
    case 2:
      return UnpackPlane<2, kFirst>(bytes, h, shift, codes);
    default:
      return UnpackPlane<1, kFirst>(bytes, h, shift, codes);
  }
}

void PackTernary(const uint8_t* codes, size_t h, uint8_t* out) {
  for (size_t i = 0; i < h; ++i) {
    const int high = 27 * codes[i + 3 * h] + 81 * codes[i + 4 * h];
    out[i] = static_cast<uint8_t>(codes[i] + 3 * codes[i + h] + 9 * codes[i + 2 * h] + high);
  }
}

void UnpackTernary(const uint8_t* bytes, size_t h, uint8_t* codes) {
  static constexpr uint8_t kPower[5] = {1, 3, 9, 27, 81};
  for (size_t j = 0; j < 5; ++j) {
    const uint8_t power = kPower[j];
    uint8_t* to = codes + j * h;
    // A division by a power of three below 243 is a product and a shift: 65536 / power, rounded up, is exact
    // for a byte.
    const uint32_t factor = 65536u / power + 1u;
    for (size_t i = 0; i < h; ++i) {
      const uint32_t above = power == 1 ? bytes[i] : (bytes[i] * factor) >> 16;
      to[i] = static_cast<uint8_t>(j == 4 ? above : above - above * 0x5556u / 65536u * 3u);
    }
  }
}

}  // namespace

size_t PackedCodeBytes(RowFormat format, size_t count) {
  if (format == RowFormat::kTernary) return CeilDiv(count, 5);
  size_t bytes = 0;
  for (const int bits : PlanesOf(format).bits) bytes += CeilDiv(count * static_cast<size_t>(bits), 8);
  return bytes;
}

uint8_t HighestCode(RowFormat format) {
  if (format == RowFormat::kTernary) return 2;
  const Planes planes = PlanesOf(format);
  return static_cast<uint8_t>((1u << (planes.bits[0] + planes.bits[1])) - 1u);
}

void PackCodes(RowFormat format, std::span<const uint8_t> codes, size_t count, std::span<uint8_t> out) {
  if (format == RowFormat::kTernary) return PackTernary(codes.data(), CeilDiv(count, 5), out.data());
  const Planes planes = PlanesOf(format);
  const size_t first = CeilDiv(count * static_cast<size_t>(planes.bits[0]), 8);
  PackBits(planes.bits[0], codes.data(), first, planes.bits[1], out.data());
  const size_t second = CeilDiv(count * static_cast<size_t>(planes.bits[1]), 8);
  if (second > 0) PackBits(planes.bits[1], codes.data(), second, 0, out.data() + first);
}

void UnpackCodes(RowFormat format, ByteView bytes, size_t count, std::span<uint8_t> codes) {
  if (format == RowFormat::kTernary) return UnpackTernary(bytes.data(), CeilDiv(count, 5), codes.data());
  const Planes planes = PlanesOf(format);
  const size_t first = CeilDiv(count * static_cast<size_t>(planes.bits[0]), 8);
  UnpackBits<true>(planes.bits[0], bytes.data(), first, planes.bits[1], codes.data());
  const size_t second = CeilDiv(count * static_cast<size_t>(planes.bits[1]), 8);
  if (second > 0) UnpackBits<false>(planes.bits[1], bytes.data() + first, second, 0, codes.data());
}

}  // namespace tandem
