// Sessions over a part of the layers: rows of activations come in, and the text is the whole model's.
#include <gtest/gtest.h>

#include "cloud/talk.h"

namespace tandem {
namespace {

constexpr ConnId kEdge = 1;

// The frames that bring the prompt's rows but the last, in chunks of so many.
void SayPrompt(Talk& talk, ConnId conn, const std::vector<Token>& ids, Pos chunk) {
  const auto end = static_cast<Pos>(ids.size()) - 1;
  for (Pos at = 0; at < end; at += chunk) {
    const Pos next = std::min(end, at + chunk);
    talk.Say(conn, RowsOf(at, {ids.begin() + at, ids.begin() + next}));
    talk.Step();  // what is here is computed while the rest is on its way
  }
}

HiddenRows Asking(Pos first, const std::vector<Token>& ids, Pos base, uint32_t epoch = 0) {
  HiddenRows rows = RowsOf(first, ids);
  rows.epoch = epoch;
  rows.asks = true;
  rows.base = base;
  rows.ids.assign(ids.end() - (first + static_cast<Pos>(ids.size()) - base), ids.end());
  return rows;
}

TEST(SessionRows, WriteTheWholeModelsTextATokenAtATime) {
  for (const Pos chunk : {3, 64, 1000}) {
    const Pos count = 150;
    const std::vector<Token> text = StraightText({}, PromptOpen(count), count + 12);
    Talk talk;
    talk.Greet(kEdge);
    talk.Say(kEdge, CutOpen(count));
    SayPrompt(talk, kEdge, {text.begin(), text.begin() + count}, chunk);
    talk.Run();
    ASSERT_TRUE(talk.Next<Opened>(kEdge)) << chunk;
    for (Pos at = count; at < count + 12; ++at) {
      talk.Say(kEdge, Asking(at - 1, {text[static_cast<size_t>(at) - 1]}, at));
      talk.Run();
      const auto verdict = talk.Next<Verdict>(kEdge);
      ASSERT_TRUE(verdict) << at;
      EXPECT_EQ(verdict->token, text[static_cast<size_t>(at)]);
    }
    EXPECT_EQ(talk.engine.steps(), 0u) << "the whole model's engine has nothing to do";
  }
}

TEST(SessionRows, DraftsLookAheadAndRowsOfADeadBranchAreSentAgain) {
  const Pos count = 10;
  const std::vector<Token> text = StraightText({}, PromptOpen(count), count + 12);
  Talk talk;
  talk.Greet(kEdge);
  talk.Say(kEdge, CutOpen(count));
  SayPrompt(talk, kEdge, {text.begin(), text.begin() + count}, 64);
  talk.Run();
  ASSERT_TRUE(talk.Next<Opened>(kEdge));
  // Two right drafts and a wrong one, and a frame behind it that nobody will want.
  const Token wrong = (text[12] + 1) % 60;
  talk.Say(kEdge, Asking(9, {text[9], text[10], text[11], wrong}, 10));
  talk.Say(kEdge, Asking(13, {5, 6}, 13));
  talk.Run();
  const auto verdict = talk.Next<Verdict>(kEdge);
  ASSERT_TRUE(verdict);
  EXPECT_EQ(verdict->accepted, 2);
  EXPECT_EQ(verdict->token, text[12]);
  talk.Say(kEdge, Asking(15, {7}, 15));  // still of the dead branch: not even read
  talk.Say(kEdge, Asking(12, {text[12], text[13]}, 13, 1));
  talk.Run();
  // How many drafts a step takes up is the cloud's choice; the text goes on to where its rows end.
  Pos length = 13;
  while (const auto next = talk.Next<Verdict>(kEdge)) {
    EXPECT_EQ(next->base, length);
    length = next->base + next->accepted + 1;
    EXPECT_EQ(next->token, text[static_cast<size_t>(length) - 1]);
  }
  EXPECT_GE(length, 14);
  EXPECT_TRUE(talk.closed.empty());
}

TEST(SessionRows, SessionsOverEqualLayersShareSteps) {
  const std::vector<Token> text = StraightText({}, PromptOpen(8), 9);
  Talk talk;
  for (const ConnId conn : {ConnId{1}, ConnId{2}, ConnId{3}}) {
    talk.Greet(conn);
    talk.Say(conn, CutOpen(8, conn == 3 ? 2 : 1));
    talk.Say(conn, RowsOf(0, {text.begin(), text.begin() + 7}));
    talk.Say(conn, Asking(7, {text[7]}, 8));
  }
  int steps = 0;
  while (talk.Step()) ++steps;
  EXPECT_EQ(steps, 4) << "a prefill and a token at each of two cuts";
  for (const ConnId conn : {ConnId{1}, ConnId{2}, ConnId{3}}) {
    ASSERT_TRUE(talk.Next<Opened>(conn));
    EXPECT_EQ(talk.Next<Verdict>(conn)->token, text[8]);
    talk.Disconnect(conn);
  }
  EXPECT_EQ(talk.service.sessions(), 0);
  EXPECT_EQ(talk.service.cached_texts(), 0);
}

TEST(SessionRows, ACloudOfWholeModelsRefusesACut) {
  ServiceConfig config = TalkConfig();
  config.parts.reset();
  Talk talk({}, config);
  talk.Greet(kEdge);
  talk.Say(kEdge, CutOpen(8));
  const auto fault = talk.Next<Fault>(kEdge);
  ASSERT_TRUE(fault);
  EXPECT_EQ(fault->code, ErrorCode::kUsage);
}

// The head alone hears of the prompt's last row and of those behind it.
TEST(SessionRows, TheHeadAloneNeedsNoRowsOfThePromptButTheLast) {
  Talk talk;
  talk.Begin(kEdge, CutOpen(150, kTalkLayers));
  ASSERT_TRUE(talk.Next<Opened>(kEdge)) << "there is nothing to wait for";
  std::vector<Token> tokens;
  for (const Token last : {7, 9, 7}) {  // what the prompt ends with, then what the edge believes was written
    const Pos at = 150 + static_cast<Pos>(tokens.size());
    talk.Say(kEdge, Asking(at - 1, {last}, at));
    talk.Run();
    const auto verdict = talk.Next<Verdict>(kEdge);
    ASSERT_TRUE(verdict) << at;
    EXPECT_EQ(verdict->base, at);
    tokens.push_back(verdict->token);
  }
  EXPECT_EQ(talk.failed_steps, 0);
}

}  // namespace
}  // namespace tandem
