// UTF-8 checks by the table of well-formed byte sequences (Unicode 15, table 3-7), see text.h.
#include "wire/text.h"

#include <cstdint>

#include "wire/frame.h"

namespace tandem {
namespace {

bool IsTail(std::string_view text, size_t at) {
  return at < text.size() && (static_cast<uint8_t>(text[at]) & 0xC0) == 0x80;
}

// Least and largest second byte after `lead`: what shuts out overlong forms, surrogates, values past U+10FFFF
// and, after C2, the C1 controls.
struct SecondByte {
  uint8_t least = 0x80, largest = 0xBF;
};
SecondByte SecondAfter(uint8_t lead) {
  switch (lead) {
    case 0xC2:
      return {0xA0, 0xBF};
    case 0xE0:
      return {0xA0, 0xBF};
    case 0xED:
      return {0x80, 0x9F};
    case 0xF0:
      return {0x90, 0xBF};
    case 0xF4:
      return {0x80, 0x8F};
    default:
      return {};
  }
}

// Bytes of the character at `at`, 0 when it may not be on the wire.
size_t CharLength(std::string_view text, size_t at) {
  const uint8_t lead = static_cast<uint8_t>(text[at]);
  if (lead < 0x80) return lead >= 0x20 && lead != 0x7F ? 1 : 0;
  const size_t length = lead < 0xC2 || lead > 0xF4 ? 0 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  if (length == 0 || !IsTail(text, at + 1)) return 0;
  const SecondByte second = SecondAfter(lead);
  const uint8_t byte = static_cast<uint8_t>(text[at + 1]);
  if (byte < second.least || byte > second.largest) return 0;
  for (size_t i = 2; i < length; ++i) {
    if (!IsTail(text, at + i)) return 0;
  }
  return length;
}

}  // namespace

bool IsWireText(std::string_view text) {
  if (text.size() > kMaxText) return false;
  for (size_t at = 0; at < text.size();) {
    const size_t length = CharLength(text, at);
    if (length == 0) return false;
    at += length;
  }
  return true;
}

std::string ToWireText(std::string_view text) {
  std::string clean;
  for (size_t at = 0; at < text.size();) {
    const size_t length = CharLength(text, at);
    if (clean.size() + (length > 0 ? length : 1) > kMaxText) break;
    if (length > 0) {
      clean.append(text.substr(at, length));
    } else {
      clean.push_back(' ');
    }
    at += length > 0 ? length : 1;
  }
  return clean;
}

}  // namespace tandem
