// Bounded little-endian readers and writers for wire frames and small files. A reader never passes its end:
// after the first read that would, ok() is false and every further read returns 0.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace tandem {

using Bytes = std::vector<uint8_t>;
using ByteView = std::span<const uint8_t>;

class ByteWriter {
 public:
  void U8(uint8_t v) { out_.push_back(v); }
  void U32(uint32_t v);
  void U64(uint64_t v);
  void Varint(uint64_t v);  // LEB128: 7 bits a byte, low first, 1 to 10 bytes
  void Raw(ByteView bytes) { out_.insert(out_.end(), bytes.begin(), bytes.end()); }

  size_t size() const { return out_.size(); }
  Bytes Take() { return std::move(out_); }

 private:
  Bytes out_;
};

class ByteReader {
 public:
  explicit ByteReader(ByteView bytes) : rest_(bytes) {}

  uint8_t U8();
  uint32_t U32();
  uint64_t U64();
  uint64_t Varint();  // not ok() when longer than 10 bytes, past 64 bits, or padded with a zero byte (one
                      // value, one form)
  ByteView Raw(size_t n);

  bool ok() const { return ok_; }
  bool AtEnd() const { return rest_.empty(); }
  size_t remaining() const { return rest_.size(); }

 private:
  uint64_t Fixed(size_t n);
  uint64_t Stop();

  ByteView rest_;
  bool ok_ = true;
};

}  // namespace tandem
