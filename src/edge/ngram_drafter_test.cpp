// What the n-grams of a text say, against looking through all of it.
#include "edge/ngram_drafter.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

#include "base/philox.h"

namespace tandem {
namespace {

using Text = std::vector<Token>;

std::optional<Token> GuessOf(const Text& text) {
  NgramDrafter drafter;
  const auto guess = drafter.Next(text, {});
  if (!guess) return std::nullopt;
  return guess->id;
}

// What followed the last occurrence of the longest suffix, by looking everywhere.
std::optional<Token> Searched(const Text& text) {
  for (size_t n = std::min<size_t>(3, text.size()); n >= 1; --n) {
    for (size_t end = text.size() - 1; end >= n; --end) {
      if (std::equal(text.end() - static_cast<std::ptrdiff_t>(n), text.end(),
                     text.begin() + static_cast<std::ptrdiff_t>(end - n)))
        return text[end];
    }
  }
  return std::nullopt;
}

Text Random(uint32_t seed, size_t length, uint32_t ids) {
  Text text;
  for (uint32_t i = 0; i < length; ++i)
    text.push_back(static_cast<Token>(Philox4x32({i, 0, 0, 0}, {seed, 0})[0] % ids));
  return text;
}

TEST(NgramDrafter, GuessesWhatFollowedTheLongestSuffix) {
  EXPECT_EQ(GuessOf({1, 2, 3, 9, 2, 3, 8, 1, 2, 3}), 9) << "three ids, though two were met later";
  EXPECT_EQ(GuessOf({1, 2, 7, 5, 1, 2, 8, 6, 1, 2}), 8) << "the last of two";
  EXPECT_EQ(GuessOf({4, 5, 6, 4}), 5) << "one id";
  EXPECT_EQ(GuessOf({7, 7}), 7) << "a run goes on";
  EXPECT_EQ(GuessOf({1, 2, 3}), std::nullopt);
  EXPECT_EQ(GuessOf({1}), std::nullopt);
  EXPECT_EQ(GuessOf({}), std::nullopt);
}

TEST(NgramDrafter, LongerMatchesAreSurer) {
  NgramDrafter drafter;
  const Text text = {1, 2, 3, 4, 5, 9, 2, 3, 4, 5};
  EXPECT_EQ(drafter.Next(text, {})->match, 4);
  EXPECT_EQ(drafter.Next(text, Text{9})->match, 5) << "drafts count";
  EXPECT_EQ(NgramDrafter().Next(Text{3, 8, 3}, {})->match, 1);
  EXPECT_EQ(NgramDrafter().Next(Text(100, 5), {})->match, NgramDrafter::kMostMatch);
  EXPECT_GT((NgramDrafter::Guess{1, 4}.margin()), (NgramDrafter::Guess{1, 3}.margin()));
}

TEST(NgramDrafter, IsRightWhereverItGuessesAndSeldomSilentWhereItNeedNotBe) {
  const Text text = Random(3, 4000, 12);
  NgramDrafter drafter;
  int same = 0, lawful = 0, guesses = 0;
  for (size_t length = 1; length <= text.size(); ++length) {
    const Text now(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(length));
    const auto guess = drafter.Next(now, {});
    same += (guess ? std::optional(guess->id) : std::nullopt) == Searched(now) ? 1 : 0;
    if (!guess) continue;
    ++guesses;
    Text pattern(now.end() - std::min(guess->match, 3), now.end());
    pattern.push_back(guess->id);
    lawful += std::search(now.begin(), now.end(), pattern.begin(), pattern.end()) != now.end() ? 1 : 0;
  }
  EXPECT_EQ(lawful, guesses) << "a guess is what followed the same ids";
  EXPECT_GT(same, 3400) << "the table forgets one in ten or so";
}

// Many short texts, so that n-grams of one end meet in the table: 3 in 1024 do.
TEST(NgramDrafter, AGuessIsAnIdOfTheText) {
  for (uint32_t seed = 0; seed < 60; ++seed) {
    const Text text = Random(seed, 120, 40);
    NgramDrafter drafter;
    for (size_t length = 1; length <= text.size(); ++length) {
      const auto now = std::span(text).first(length);
      const auto guess = drafter.Next(now, {});
      if (!guess) continue;
      const Text pattern = {now.back(), guess->id};
      ASSERT_NE(std::search(now.begin(), now.end(), pattern.begin(), pattern.end()), now.end());
    }
  }
}

// Drafts that fell leave nothing behind.
RC_GTEST_PROP(NgramDrafter, DetoursDoNotMatter, (uint32_t seed)) {
  const Text text = Random(seed, 100, 5);
  NgramDrafter straight, wandering;
  for (size_t length = 1; length <= text.size(); ++length) {
    const std::span<const Token> now(text.data(), length);
    const Text astray = Random(seed + static_cast<uint32_t>(length), length % 7, 5);
    (void)wandering.Next(now, astray);
    const auto a = straight.Next(now, {}), b = wandering.Next(now, {});
    RC_ASSERT(a.has_value() == b.has_value());
    RC_ASSERT(!a || (a->id == b->id && a->match == b->match));
  }
}

TEST(NgramDrafter, DraftsMayBecomeText) {
  NgramDrafter drafter;
  const Text text = {1, 2, 3, 4, 1, 2};
  EXPECT_EQ(drafter.Next(text, {})->id, 3);
  EXPECT_EQ(drafter.Next(text, Text{3})->id, 4);
  EXPECT_EQ(drafter.Next(Text{1, 2, 3, 4, 1, 2, 3}, {})->id, 4);
  EXPECT_EQ(drafter.Next(Text{1, 2, 3, 4, 1, 2, 3, 3}, {})->id, 3) << "another id came instead";
}

}  // namespace
}  // namespace tandem
