// Words that every room uses: token ids, positions, monotonic time.
#pragma once

#include <chrono>
#include <cstdint>

namespace tandem {

using Token = int32_t;  // vocabulary id, >= 0
constexpr Token kNoToken = -1;

// Index of a token in its text, 0 for the first. Also the length of a prefix.
using Pos = int32_t;

// Monotonic time since an arbitrary zero (process start, or 0 in a simulation), and differences of it.
using Micros = std::chrono::microseconds;

// Positions [begin, end) of a text that came in as a prompt at once. A chat has several, in order, not
// overlapping.
struct PromptSpan {
  Pos begin = 0;
  Pos end = 0;
  friend bool operator==(const PromptSpan&, const PromptSpan&) = default;
};

inline double ToMs(Micros t) {
  return static_cast<double>(t.count()) / 1000.0;
}

}  // namespace tandem
