// Metadata of a GGUF that is about to be written: an ordered list of keys, copied from a file's header and
// changed.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "model/gguf_header.h"

namespace tandem {

// A value that owns its bytes, as they lie in the file (GgufValue::bytes says how).
struct OwnedGgufValue {
  GgufType type = GgufType::kU8;  // of the value, or of an array's elements
  bool is_array = false;
  uint64_t count = 1;  // elements
  Bytes bytes;
};

class GgufMetadata {
 public:
  GgufMetadata() = default;
  static GgufMetadata CopyOf(const GgufHeader& header);
  // The same of the keys that `wanted` lets through.
  static GgufMetadata CopyOf(const GgufHeader& header,
                             const std::function<bool(std::string_view key)>& wanted);

  // Replace the value in place, or append the key.
  void SetU32(std::string_view key, uint32_t value);
  void SetF32(std::string_view key, float value);
  void SetBool(std::string_view key, bool value);
  void SetText(std::string_view key, std::string_view value);
  void SetTexts(std::string_view key, std::span<const std::string> values);
  void Set(std::string_view key, OwnedGgufValue value);

  void Remove(std::string_view key);
  void RemovePrefix(std::string_view prefix);

  // Gives every per-layer array under `prefix` ("llama.") that has `from` elements `to` of them, repeated
  // from the begin. Arrays of text stay as they are.
  void ResizeLayerArrays(std::string_view prefix, uint64_t from, uint64_t to);

  // Makes a fixed-size array `count` long: cut, or filled up with copies of `fill` (one element's bytes).
  void ResizeArray(std::string_view key, uint64_t count, ByteView fill);

  const std::vector<std::pair<std::string, OwnedGgufValue>>& entries() const { return entries_; }

 private:
  OwnedGgufValue* Find(std::string_view key);

  std::vector<std::pair<std::string, OwnedGgufValue>> entries_;
};

// The strings of an array of texts; empty for any other value.
std::vector<std::string> GgufTexts(const GgufValue& value);

}  // namespace tandem
