// Editing of GGUF metadata, see gguf_metadata.h.
#include "model/gguf_metadata.h"

#include <algorithm>
#include <bit>

namespace tandem {
namespace {

Bytes TextBytes(std::string_view text) {
  return {text.begin(), text.end()};
}

Bytes U32Bytes(uint32_t value) {
  ByteWriter out;
  out.U32(value);
  return out.Take();
}

}  // namespace

GgufMetadata GgufMetadata::CopyOf(const GgufHeader& header) {
  return CopyOf(header, [](std::string_view) { return true; });
}

GgufMetadata GgufMetadata::CopyOf(const GgufHeader& header,
                                  const std::function<bool(std::string_view)>& wanted) {
  GgufMetadata copy;
  for (const auto& [key, value] : header.values()) {
    if (!wanted(key)) continue;
    copy.entries_.emplace_back(key, OwnedGgufValue{value.type, value.is_array, value.count,
                                                   Bytes(value.bytes.begin(), value.bytes.end())});
  }
  return copy;
}

OwnedGgufValue* GgufMetadata::Find(std::string_view key) {
  const auto it =
      std::find_if(entries_.begin(), entries_.end(), [&](const auto& e) { return e.first == key; });
  return it == entries_.end() ? nullptr : &it->second;
}

void GgufMetadata::Set(std::string_view key, OwnedGgufValue value) {
  if (OwnedGgufValue* old = Find(key)) {
    *old = std::move(value);
  } else {
    entries_.emplace_back(key, std::move(value));
  }
}

void GgufMetadata::SetU32(std::string_view key, uint32_t value) {
  Set(key, {.type = GgufType::kU32, .bytes = U32Bytes(value)});
}

void GgufMetadata::SetF32(std::string_view key, float value) {
  Set(key, {.type = GgufType::kF32, .bytes = U32Bytes(std::bit_cast<uint32_t>(value))});
}

void GgufMetadata::SetBool(std::string_view key, bool value) {
  Set(key, {.type = GgufType::kBool, .bytes = {static_cast<uint8_t>(value)}});
}

void GgufMetadata::SetText(std::string_view key, std::string_view value) {
  Set(key, {.type = GgufType::kString, .bytes = TextBytes(value)});
}

void GgufMetadata::SetTexts(std::string_view key, std::span<const std::string> values) {
  ByteWriter out;
  for (const std::string& text : values) {
    out.U64(text.size());
    out.Raw(TextBytes(text));
  }
  Set(key, {GgufType::kString, true, values.size(), out.Take()});
}

void GgufMetadata::Remove(std::string_view key) {
  std::erase_if(entries_, [&](const auto& e) { return e.first == key; });
}

void GgufMetadata::RemovePrefix(std::string_view prefix) {
  std::erase_if(entries_, [&](const auto& e) { return e.first.starts_with(prefix); });
}

void GgufMetadata::ResizeLayerArrays(std::string_view prefix, uint64_t from, uint64_t to) {
  for (auto& [key, value] : entries_) {
    const bool per_layer = key.starts_with(prefix) && value.is_array && value.type != GgufType::kString &&
                           value.count == from && from > 0;
    if (!per_layer) continue;
    const size_t size = value.bytes.size() / from;
    Bytes resized(size * to);
    for (size_t i = 0; i < resized.size(); ++i) resized[i] = value.bytes[i % value.bytes.size()];
    value.bytes = std::move(resized);
    value.count = to;
  }
}

void GgufMetadata::ResizeArray(std::string_view key, uint64_t count, ByteView fill) {
  OwnedGgufValue* value = Find(key);
  if (value == nullptr || !value->is_array || value->type == GgufType::kString) return;
  value->bytes.resize(std::min(value->bytes.size(), fill.size() * count));
  while (value->bytes.size() < fill.size() * count)
    value->bytes.insert(value->bytes.end(), fill.begin(), fill.end());
  value->count = count;
}

std::vector<std::string> GgufTexts(const GgufValue& value) {
  std::vector<std::string> texts;
  if (!value.is_array || value.type != GgufType::kString) return texts;
  ByteReader in(value.bytes);
  for (uint64_t i = 0; i < value.count && in.ok(); ++i) {
    const ByteView text = in.Raw(in.U64());
    texts.emplace_back(text.begin(), text.end());
  }
  return texts;
}

}  // namespace tandem
