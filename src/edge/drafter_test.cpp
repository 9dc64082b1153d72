// The drafter's cache follows a text that grows, shrinks and changes, and its logits are those of a cache
// built from nothing.
#include "edge/drafter.h"

#include <gtest/gtest.h>

#include <random>

#include "decode/fake_engine.h"

namespace tandem {
namespace {

// Computes until the logits after `text` are there.
std::vector<float> Logits(Drafter& drafter, Engine& engine, const std::vector<Token>& text) {
  for (int step = 0; step < 1000; ++step) {
    const SeqRows rows = drafter.Next(text).value();
    const LogitsView logits = engine.Step(std::span(&rows, 1)).value();
    drafter.Done();
    if (rows.logits == 1) return {logits[0].begin(), logits[0].end()};
  }
  return {};
}

std::vector<float> Fresh(const FakeEngineConfig& config, Pos prompt, const std::vector<Token>& text) {
  FakeEngine engine(config);
  Drafter drafter(engine, {{0, prompt}});
  return Logits(drafter, engine, text);
}

TEST(Drafter, FollowsATextThatGrowsAndIsTakenBack) {
  std::mt19937_64 random(3);
  for (const int max_rows : {64, 100, 512}) {
    for (const Pos prompt : {1, 63, 64, 65, 200}) {
      const FakeEngineConfig config{.max_rows = max_rows};
      FakeEngine engine(config);
      Drafter drafter(engine, {{0, prompt}});
      std::vector<Token> text;
      while (static_cast<Pos>(text.size()) < prompt) text.push_back(static_cast<Token>(random() % 64));
      for (int turn = 0; turn < 30; ++turn) {
        ASSERT_EQ(Logits(drafter, engine, text), Fresh(config, prompt, text)) << prompt << " " << text.size();
        const size_t back = random() % 6;
        text.resize(std::max(static_cast<size_t>(prompt), text.size() - std::min(text.size(), back)));
        for (uint64_t more = random() % 6; more > 0; --more)
          text.push_back(static_cast<Token>(random() % 64));
      }
      EXPECT_EQ(engine.open_sequences(), 1);
    }
  }
}

TEST(Drafter, OnlyWhatIsNewIsComputed) {
  FakeEngine engine({});
  Drafter drafter(engine, {{0, 10}});
  std::vector<Token> text(10, 1);
  Logits(drafter, engine, text);
  EXPECT_EQ(engine.rows(), 10u);
  text.insert(text.end(), {2, 3});
  Logits(drafter, engine, text);
  EXPECT_EQ(engine.rows(), 12u);
  text.back() = 4;
  Logits(drafter, engine, text);
  EXPECT_EQ(engine.rows(), 13u);
}

TEST(Drafter, AFailedStepIsRepeated) {
  FakeEngine engine({});
  Drafter drafter(engine, {{0, 3}});
  const std::vector<Token> text{1, 2, 3};
  const SeqRows rows = drafter.Next(text).value();
  engine.FailNextStep({ErrorCode::kInternal, "no"});
  ASSERT_FALSE(engine.Step(std::span(&rows, 1)));
  drafter.Failed();
  EXPECT_EQ(Logits(drafter, engine, text), Fresh({}, 3, text));
}

TEST(Drafter, TheContextsEndIsAnErrorWithFigures) {
  FakeEngine engine({.context = 4});
  Drafter drafter(engine, {{0, 2}});
  EXPECT_EQ(Logits(drafter, engine, {1, 2, 3, 4}).size(), 64u);
  const Result<SeqRows> rows = drafter.Next(std::vector<Token>{1, 2, 3, 4, 5});
  ASSERT_FALSE(rows);
  EXPECT_EQ(rows.error().code, ErrorCode::kContext);
  EXPECT_NE(rows.error().message.find("5 tokens"), std::string::npos);
}

TEST(Drafter, ClosesItsSequence) {
  FakeEngine engine({.max_sequences = 1});
  {
    Drafter drafter(engine, {{0, 1}});
    Logits(drafter, engine, {1});
    Drafter second(engine, {{0, 1}});
    EXPECT_EQ(second.Next(std::vector<Token>{1}).error().code, ErrorCode::kBusy);
  }
  EXPECT_EQ(engine.open_sequences(), 0);
}

}  // namespace
}  // namespace tandem
