// The header of a GGUF file, parsed with bounds of our own: nothing is allocated that the bytes at hand do
// not pay for, and every length, count, type and offset is checked before it is used. ggml's and libllama's
// readers only see files that passed here. Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md,
// versions 2 and 3, little-endian.
#pragma once

#include <ggml.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace tandem {

// Type of a metadata value, numbered as in the file.
enum class GgufType : uint32_t {
  kU8 = 0,
  kI8 = 1,
  kU16 = 2,
  kI16 = 3,
  kU32 = 4,
  kI32 = 5,
  kF32 = 6,
  kBool = 7,
  kString = 8,
  kArray = 9,
  kU64 = 10,
  kI64 = 11,
  kF64 = 12,
};

// One metadata value as it lies in the file: `bytes` are the payload (of a string, its characters; of an
// array, its packed elements) and point into the buffer that was parsed.
struct GgufValue {
  GgufType type = GgufType::kU8;  // of the value, or of an array's elements
  bool is_array = false;
  uint64_t count = 1;  // elements; 1 unless an array
  ByteView bytes;
};

struct GgufTensor {
  std::string name;
  ggml_type type = GGML_TYPE_F32;
  int dims = 1;                                 // as written, 1..4
  std::array<int64_t, 4> shape = {1, 1, 1, 1};  // elements, fastest dimension first, each >= 1
  uint64_t offset = 0;                          // from the start of the file, bytes
  uint64_t bytes = 0;                           // inside the file
};

class GgufHeader {
 public:
  // `file` is the whole file (tensor extents are checked against its size) and must outlive the header. Every
  // error is kFile and one sentence with the offending figures.
  static Result<GgufHeader> Parse(ByteView file);

  const GgufValue* Find(std::string_view key) const;
  const GgufTensor* FindTensor(std::string_view name) const;
  const std::vector<GgufTensor>& tensors() const { return tensors_; }
  // Keys in file order.
  const std::vector<std::pair<std::string, GgufValue>>& values() const { return values_; }

  // Scalars by key, converted where the value fits; nullopt when absent; kFile when of another kind or out of
  // [low, high].
  Result<std::optional<int64_t>> Int(std::string_view key, int64_t low, int64_t high) const;
  Result<std::optional<double>> Float(std::string_view key) const;  // finite
  Result<std::optional<bool>> Bool(std::string_view key) const;
  Result<std::optional<std::string>> String(std::string_view key) const;

 private:
  friend class GgufParser;
  std::vector<std::pair<std::string, GgufValue>> values_;
  std::vector<GgufTensor> tensors_;
  std::unordered_map<std::string, size_t> value_index_, tensor_index_;
};

}  // namespace tandem
