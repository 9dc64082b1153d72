// The windows, held against an independent walk through the published recipe with labels as it masks and
// shifts them, and against llama.cpp's chunks.
#include "lab/perplexity_windows.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>

namespace tandem {
namespace {

// A made-up loss of text token `target` predicted from a window that begins at `begin`.
double Loss(size_t begin, size_t target) {
  return 1.0 + 0.25 * std::sin(static_cast<double>(target * 7 + begin * 3));
}

struct Mean {
  double nll = 0, votes = 0;
};

// Hugging Face's recipe with labels in full: -100 where masked, shifted by one inside the model, averaged
// over what is left, weighed by (labels that are not masked) - 1.
Mean Recipe(size_t tokens, size_t context, size_t stride) {
  Mean total;
  size_t before = 0;
  for (size_t begin = 0; begin < tokens; begin += stride) {
    const size_t end = std::min(begin + context, tokens), target_length = end - before;
    std::vector<long> labels;
    for (size_t i = begin; i < end; ++i) labels.push_back(static_cast<long>(i));
    for (size_t i = 0; i + target_length < labels.size(); ++i) labels[i] = -100;
    double sum = 0, terms = 0, valid = 0;
    for (size_t i = 0; i < labels.size(); ++i) {
      if (labels[i] == -100) continue;
      ++valid;
      if (i == 0) continue;  // the shift: no row predicts it
      sum += Loss(begin, static_cast<size_t>(labels[i]));
      ++terms;
    }
    if (terms > 0) total.nll += sum / terms * (valid - 1);
    if (terms > 0) total.votes += valid - 1;
    before = end;
    if (end == tokens) break;
  }
  return total;
}

Mean Ours(const std::vector<TextWindow>& windows) {
  Mean total;
  for (const TextWindow& window : windows) {
    double nll = 0;
    const size_t end = window.begin + static_cast<size_t>(window.length);
    for (size_t t = end - static_cast<size_t>(window.scored); t < end; ++t) nll += Loss(window.begin, t);
    total.nll += WeighedLoss(window, nll);
    total.votes += window.votes;
  }
  return total;
}

RC_GTEST_PROP(PerplexityWindows, HfIsThePublishedRecipe, ()) {
  const auto context = *rc::gen::inRange<Pos>(2, 40);
  const auto stride = *rc::gen::inRange<Pos>(1, context + 1);
  const auto tokens = *rc::gen::inRange<size_t>(static_cast<size_t>(context), 300);
  const auto windows = PlanWindows({WindowForm::kHf, VoteWeight::kHf, context, stride, 0}, tokens);
  RC_ASSERT(windows.has_value());
  const Mean ours = Ours(*windows),
             recipe = Recipe(tokens, static_cast<size_t>(context), static_cast<size_t>(stride));
  RC_ASSERT(ours.votes == recipe.votes);
  RC_ASSERT(std::abs(ours.nll - recipe.nll) <= 1e-12 * recipe.nll);
}

RC_GTEST_PROP(PerplexityWindows, ExactScoresEveryTokenOnce, ()) {
  const auto context = *rc::gen::inRange<Pos>(2, 40);
  const auto stride = *rc::gen::inRange<Pos>(1, context);  // below it every token but the first has a past
  const auto tokens = *rc::gen::inRange<size_t>(static_cast<size_t>(context), 300);
  const auto windows = PlanWindows({WindowForm::kHf, VoteWeight::kExact, context, stride, 0}, tokens);
  RC_ASSERT(windows.has_value());
  std::vector<int> votes(tokens);
  for (const TextWindow& window : *windows) {
    RC_ASSERT(window.votes == window.scored);
    const size_t end = window.begin + static_cast<size_t>(window.length);
    for (int i = 1; i <= window.scored; ++i) ++votes[end - static_cast<size_t>(i)];
  }
  RC_ASSERT(votes[0] == 0);
  for (size_t i = 1; i < tokens; ++i) RC_ASSERT(votes[i] == 1);
}

TEST(PerplexityWindows, SevenTokensByHand) {
  const auto windows = PlanWindows({WindowForm::kHf, VoteWeight::kHf, 4, 2, 0}, 7);
  ASSERT_TRUE(windows);
  // The first scores tokens 1 to 3, the second 4 and 5 with the vote of one, the last token 6 with none.
  EXPECT_EQ(*windows, (std::vector<TextWindow>{{0, 4, 3, 3}, {2, 4, 2, 1}, {4, 3, 1, 0}}));
  EXPECT_DOUBLE_EQ(WeighedLoss((*windows)[1], 3.0), 1.5);
  EXPECT_DOUBLE_EQ(WeighedLoss((*windows)[2], 9.0), 0.0);
}

TEST(PerplexityWindows, ChunksScoreTheirSecondHalf) {
  const auto windows = PlanWindows({WindowForm::kChunks, VoteWeight::kHf, 8, 32, 0}, 25);
  ASSERT_TRUE(windows);
  EXPECT_EQ(*windows, (std::vector<TextWindow>{{0, 8, 3, 3}, {8, 8, 3, 3}, {16, 8, 3, 3}}));
}

TEST(PerplexityWindows, TheMostIsKept) {
  const auto windows = PlanWindows({WindowForm::kHf, VoteWeight::kHf, 8, 4, 3}, 100);
  ASSERT_TRUE(windows);
  EXPECT_EQ(windows->size(), 3u);
}

TEST(PerplexityWindows, RefusesWhatScoresNothing) {
  const auto code = [](WindowForm form, Pos context, Pos stride, size_t tokens) {
    const auto windows = PlanWindows({form, VoteWeight::kHf, context, stride, 0}, tokens);
    return windows ? ErrorCode::kInternal : windows.error().code;
  };
  EXPECT_EQ(code(WindowForm::kHf, 8, 4, 7), ErrorCode::kContext);
  EXPECT_EQ(code(WindowForm::kHf, 8, 4, 0), ErrorCode::kContext);
  EXPECT_EQ(code(WindowForm::kChunks, 8, 4, 15), ErrorCode::kContext);
  EXPECT_EQ(code(WindowForm::kHf, 1, 1, 7), ErrorCode::kUsage);
  EXPECT_EQ(code(WindowForm::kChunks, 2, 1, 7), ErrorCode::kUsage);
  EXPECT_EQ(code(WindowForm::kHf, 8, 9, 70), ErrorCode::kUsage);
  EXPECT_EQ(code(WindowForm::kHf, 8, 0, 70), ErrorCode::kUsage);
}

}  // namespace
}  // namespace tandem
