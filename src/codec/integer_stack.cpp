// See integer_stack.h.
#include "codec/integer_stack.h"

namespace tandem {

IntegerStack::IntegerStack(ByteView bytes) : words_((bytes.size() + 3) / 4) {
  for (size_t i = 0; i < bytes.size(); ++i) words_[i / 4] |= uint32_t{bytes[i]} << (8 * (i % 4));
  while (!words_.empty() && words_.back() == 0) words_.pop_back();
}

void IntegerStack::Push(uint32_t digit, uint32_t base) {
  uint64_t carry = digit;
  for (uint32_t& word : words_) {
    carry += uint64_t{word} * base;
    word = static_cast<uint32_t>(carry);
    carry >>= 32;
  }
  if (carry != 0) words_.push_back(static_cast<uint32_t>(carry));
}

uint32_t IntegerStack::Pop(uint32_t base) {
  uint64_t rest = 0;
  for (size_t i = words_.size(); i-- > 0;) {
    const uint64_t part = rest << 32 | words_[i];
    words_[i] = static_cast<uint32_t>(part / base);
    rest = part % base;
  }
  if (!words_.empty() && words_.back() == 0) words_.pop_back();
  return static_cast<uint32_t>(rest);
}

void IntegerStack::PushShare(const StackShare& share) {
  const uint32_t within = Pop(share.count);
  Push(share.below + within, share.total);
}

void IntegerStack::Restore(const StackShare& share, uint32_t popped) {
  Push(popped - share.below, share.count);
}

Bytes IntegerStack::ToBytes() const {
  Bytes bytes;
  for (const uint32_t word : words_) {
    for (int i = 0; i < 4; ++i) bytes.push_back(static_cast<uint8_t>(word >> (8 * i)));
  }
  while (!bytes.empty() && bytes.back() == 0) bytes.pop_back();
  return bytes;
}

}  // namespace tandem
