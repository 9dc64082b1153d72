// See utf8.h.
#include "base/utf8.h"

#include <algorithm>
#include <cstdint>
#include <utility>

namespace tandem {

namespace {

bool IsContinuation(char c) {
  return (static_cast<uint8_t>(c) & 0xC0) == 0x80;
}

// Length that a character's first byte announces; 0 for a byte that cannot begin one.
size_t AnnouncedLength(char first) {
  auto byte = static_cast<uint8_t>(first);
  if (byte < 0x80) return 1;
  if (byte >= 0xC2 && byte <= 0xDF) return 2;
  if (byte >= 0xE0 && byte <= 0xEF) return 3;
  if (byte >= 0xF0 && byte <= 0xF4) return 4;
  return 0;
}

// Length of the valid character that `text` begins with; 0 for none. Overlong forms, surrogates and values
// past U+10FFFF show in the second byte (Unicode 15, table 3-7).
size_t CharacterLength(std::string_view text) {
  size_t length = AnnouncedLength(text[0]);
  if (length == 0 || length > text.size()) return 0;
  for (size_t i = 1; i < length; ++i) {
    if (!IsContinuation(text[i])) return 0;
  }
  if (length == 1) return 1;
  auto first = static_cast<uint8_t>(text[0]), second = static_cast<uint8_t>(text[1]);
  if (first == 0xE0 && second < 0xA0) return 0;
  if (first == 0xED && second > 0x9F) return 0;
  if (first == 0xF0 && second < 0x90) return 0;
  if (first == 0xF4 && second > 0x8F) return 0;
  return length;
}

}  // namespace

size_t IncompleteTail(std::string_view text) {
  for (size_t back = 1; back <= std::min<size_t>(3, text.size()); ++back) {
    char c = text[text.size() - back];
    if (!IsContinuation(c)) return AnnouncedLength(c) > back ? back : 0;
  }
  return 0;
}

std::string ValidUtf8(std::string_view text) {
  std::string valid;
  while (!text.empty()) {
    size_t length = CharacterLength(text);
    if (length == 0) {
      valid += "\xEF\xBF\xBD";
      length = 1;
    } else {
      valid += text.substr(0, length);
    }
    text.remove_prefix(length);
  }
  return valid;
}

std::string Utf8Joiner::Add(std::string_view piece) {
  held_ += piece;
  size_t whole = held_.size() - IncompleteTail(held_);
  std::string out = held_.substr(0, whole);
  held_.erase(0, whole);
  return out;
}

std::string Utf8Joiner::Flush() {
  return std::exchange(held_, {});
}

}  // namespace tandem
