// Which windows of a text a perplexity is made of, what is scored in each, and how the votes are weighed.
// Pure.
//
// kHf is the sliding window of Hugging Face's "Perplexity of fixed-length models": windows begin every
// `stride` tokens, end after `context` or with the text, and score the tokens that no window before them had,
// each with all of its window before it. The recipe as published averages a window's losses and weighs the
// mean by one less than the tokens it scores, but every window after the first has one loss for each of them
// (only in the first is a token without a past): weight kHf does the same, kExact gives each scored token one
// vote.
// kChunks is llama.cpp's: the text in chunks of `context`, their last context - context / 2 - 1 tokens
// scored.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/types.h"

namespace tandem {

enum class WindowForm { kHf, kChunks };
enum class VoteWeight { kHf, kExact };
const char* FormName(WindowForm form);      // "hf", "chunks"
const char* WeightName(VoteWeight weight);  // "hf", "exact"

struct WindowPlan {
  WindowForm form = WindowForm::kHf;
  VoteWeight weight = VoteWeight::kHf;  // kChunks: each scored token has one vote
  Pos context = 512;                    // 2 or more
  Pos stride = 32;                      // kHf: 1 to context
  size_t most = 0;                      // windows; 0: all
};

struct TextWindow {
  size_t begin = 0;  // its first token in the text
  int length = 0;    // tokens
  int scored = 0;    // of its last tokens, each predicted by the row before it; 1 to length - 1
  int votes = 0;     // that the mean of their losses has
  friend bool operator==(const TextWindow&, const TextWindow&) = default;
};

// The windows of a text of `tokens` tokens, in order. kContext for a text shorter than a window (kChunks:
// than two, as llama.cpp asks); kUsage for a plan out of range.
Result<std::vector<TextWindow>> PlanWindows(const WindowPlan& plan, size_t tokens);

// What a window whose losses sum to `nll` adds to the sum that is divided by all votes.
double WeighedLoss(const TextWindow& window, double nll);

}  // namespace tandem
