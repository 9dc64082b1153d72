// Drafts without a model: the text repeats itself, and what followed the last occurrence of its longest
// suffix, of three ids down to one, is guessed to follow again ("prompt lookup decoding", A. Saxena 2023,
// github.com/apoorvumang/prompt-lookup-decoding). A guess costs a few memory accesses, whatever the text's
// length.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/types.h"

namespace tandem {

// One text, one thread at a time. Memory: 48 to 80 bytes an id of it, 4 KiB at least.
class NgramDrafter {
 public:
  static constexpr int32_t kLongest = 3;     // ids of a suffix that are looked up
  static constexpr int32_t kMostMatch = 12;  // ids that are compared beyond that, to tell how sure a guess is

  struct Guess {
    Token id = kNoToken;
    int32_t match = 0;  // ids before it that are the same in both places: 1 to kMostMatch
    // On the scale of a race's margin (sample/race.h), for who learns chances by that: longer is surer.
    double margin() const { return 0.4 * match; }
  };

  NgramDrafter();

  // What may follow `text` and then `drafts`; nullopt where no suffix of them was met before. `text` only
  // grows from call to call, drafts may be others each time.
  std::optional<Guess> Next(std::span<const Token> text, std::span<const Token> drafts);

 private:
  using Ends = std::array<uint32_t, kLongest>;

  void Push(Token id);
  void Pop();
  void Enter();  // the suffixes of ids_ into the table
  void Grow();
  size_t Slot(int32_t n) const;           // of the suffix of n ids
  int32_t MatchBefore(size_t end) const;  // ids that are the same before `end` as before the end of ids_
  std::optional<size_t> Before(int32_t n) const;  // where the suffix of n ids last ended before

  std::vector<Token> ids_;  // the text, then drafts
  size_t certain_ = 0;      // the first so many were text at the last call
  // Where n-grams last ended, counted from 1; 0: nowhere. One place for each hash: of two n-grams that meet
  // there the later one stays, and whoever reads compares the ids. For each id what its n-grams displaced:
  // that makes taking it back exact.
  std::vector<uint32_t> table_;  // a power of two, at least eight times the ids
  std::vector<Ends> displaced_;
};

}  // namespace tandem
