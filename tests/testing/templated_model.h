// A model file with a chat template, made from one without by its bytes: no chat model is in the repository.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace tandem::testing {

// `gguf` (version 3, tensors aligned to 32 bytes) with the key tokenizer.chat_template in front of its other
// metadata. The entry is filled up to a multiple of 32 bytes, so that the tensors keep their alignment.
inline std::string WithChatTemplate(const std::string& gguf, std::string_view chat_template) {
  constexpr std::string_view kKey = "tokenizer.chat_template";
  constexpr size_t kHeader = 24, kCountAt = 16;  // magic, version, tensors, keys
  constexpr uint32_t kTextType = 8;
  const auto number = [](uint64_t value, size_t bytes) {
    return std::string(reinterpret_cast<const char*>(&value), bytes);
  };
  std::string text(chat_template);
  while ((8 + kKey.size() + 4 + 8 + text.size()) % 32 != 0) text += '\n';
  std::string entry = number(kKey.size(), 8) + std::string(kKey) + number(kTextType, 4);
  entry += number(text.size(), 8) + text;
  std::string changed = gguf;
  uint64_t keys = 0;
  std::memcpy(&keys, changed.data() + kCountAt, sizeof keys);
  changed.replace(kCountAt, 8, number(keys + 1, 8));
  changed.insert(kHeader, entry);
  return changed;
}

// Of ChatML, as models write it, in so far as libllama looks at it.
inline constexpr std::string_view kChatMl =
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n"
    "{% endfor %}<|im_start|>assistant\n";

}  // namespace tandem::testing
