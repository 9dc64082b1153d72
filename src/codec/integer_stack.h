// A whole number of any size used as a stack of digits, each with a base of its own: pushing multiplies the
// number by the base, popping divides. Nothing is lost to rounding between digits, so a message costs the
// logarithm of the number of messages there are (range asymmetric numeral systems without renormalisation,
// arXiv 1311.2540). Integers only: the same bytes on every machine.
#pragma once

#include <cstdint>
#include <vector>

#include "base/bytes.h"

namespace tandem {

// A part [below, below + count) of [0, total): a symbol whose chance is count / total.
struct StackShare {
  uint32_t below = 0;
  uint32_t count = 1;  // at least 1
  uint32_t total = 1;
};

// Push and pop undo each other exactly, from any number. A call costs one pass over the number's 32-bit
// words.
class IntegerStack {
 public:
  IntegerStack() = default;  // 0
  explicit IntegerStack(ByteView bytes);

  void Push(uint32_t digit, uint32_t base);  // digit < base
  uint32_t Pop(uint32_t base);               // base >= 1

  // Costs log2(total / count) bits. Popping is two calls, for the caller finds the share that `Pop(total)`
  // fell into, and then gives back with Restore what is left of it.
  void PushShare(const StackShare& share);
  void Restore(const StackShare& share, uint32_t popped);

  bool IsZero() const { return words_.empty(); }
  Bytes ToBytes() const;  // little-endian without a zero at the end; nothing for 0

 private:
  std::vector<uint32_t> words_;  // low first, no zero at the end
};

}  // namespace tandem
