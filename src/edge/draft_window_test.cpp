// The window against verdicts of every shape, those of a cloud that streams while drafts are under way
// included.
#include "edge/draft_window.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tandem {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// A window at position 10 with `drafts` in it, the first `sent` of them with the cloud.
DraftWindow Filled(const std::vector<Token>& drafts, int32_t sent) {
  DraftWindow window(10);
  for (const Token id : drafts) window.Add(id, false);
  if (sent >= 0) window.Send(sent);
  return window;
}

Verdict Says(int32_t accepted, Token token, Pos base = 10, uint32_t epoch = 0) {
  return {.epoch = epoch, .base = base, .accepted = accepted, .token = token};
}

void ExpectBalance(const DraftWindow& window, uint64_t in_flight) {
  const WindowStats& s = window.stats();
  EXPECT_EQ(s.sent, s.verified + s.stale + in_flight);
}

TEST(DraftWindow, DraftsABlockAndSendsItOnce) {
  DraftWindow window(10);
  for (const Token id : {1, 2, 3}) {
    EXPECT_TRUE(window.WantsDraft(3));
    EXPECT_FALSE(window.ReadyToSend(3));
    window.Add(id, false);
  }
  EXPECT_FALSE(window.WantsDraft(3));
  ASSERT_TRUE(window.ReadyToSend(3));
  EXPECT_EQ(window.Send(3), (Drafts{.epoch = 0, .base = 10, .ids = {1, 2, 3}}));
  EXPECT_TRUE(window.InFlight());
  EXPECT_FALSE(window.WantsDraft(3));
  EXPECT_FALSE(window.ReadyToSend(3));
}

TEST(DraftWindow, AnEndTokenClosesTheBlock) {
  DraftWindow window(10);
  window.Add(1, true);
  EXPECT_FALSE(window.WantsDraft(5));
  EXPECT_TRUE(window.ReadyToSend(5));
}

TEST(DraftWindow, WithoutRoomForDraftsItAsksForOneToken) {
  DraftWindow window(10);
  EXPECT_FALSE(window.WantsDraft(0));
  ASSERT_TRUE(window.ReadyToSend(0));
  EXPECT_THAT(window.Send(0).ids, IsEmpty());
  const Settled settled = window.Take(Says(0, 5)).value();
  EXPECT_THAT(settled.tokens, ElementsAre(5));
  EXPECT_EQ(settled.drafts, 0);
  EXPECT_FALSE(settled.mismatch);
  EXPECT_EQ(window.epoch(), 0u);
}

TEST(DraftWindow, FullAcceptanceAndTheBonus) {
  DraftWindow window = Filled({1, 2, 3}, 3);
  const Settled settled = window.Take(Says(3, 4)).value();
  EXPECT_THAT(settled.tokens, ElementsAre(1, 2, 3, 4));
  EXPECT_EQ(settled.drafts, 3);
  EXPECT_EQ(window.epoch(), 0u);
  EXPECT_THAT(window.drafts(), IsEmpty());
  EXPECT_TRUE(window.WantsDraft(1));
  EXPECT_EQ(window.Send(0).base, 14);
}

TEST(DraftWindow, AMismatchEndsTheEpochAndTheRestIsStale) {
  DraftWindow window = Filled({1, 2, 3, 4}, 4);
  const Settled settled = window.Take(Says(1, 9)).value();
  EXPECT_THAT(settled.tokens, ElementsAre(1, 9));
  EXPECT_TRUE(settled.mismatch);
  EXPECT_EQ(window.epoch(), 1u);
  EXPECT_EQ(window.stats().verified, 2u);
  EXPECT_EQ(window.stats().accepted, 1u);
  EXPECT_EQ(window.stats().stale, 2u);
  EXPECT_FALSE(window.InFlight());
  EXPECT_EQ(window.Send(0), (Drafts{.epoch = 1, .base = 12, .ids = {}}));
}

// Drafts that were not sent yet are a guess of the edge alone: they fall without an epoch, and count as
// nothing.
TEST(DraftWindow, ABonusThatUnsentDraftsContradictKeepsTheEpoch) {
  DraftWindow window = Filled({1, 2, 3}, 1);
  const Settled settled = window.Take(Says(1, 9)).value();
  EXPECT_THAT(settled.tokens, ElementsAre(1, 9));
  EXPECT_FALSE(settled.mismatch);
  EXPECT_EQ(window.epoch(), 0u);
  EXPECT_THAT(window.drafts(), IsEmpty());
  EXPECT_EQ(window.stats().stale, 0u);
  ExpectBalance(window, 0);
}

TEST(DraftWindow, ABonusThatUnsentDraftsGuessedKeepsThem) {
  DraftWindow window = Filled({1, 2, 3}, 1);
  const Settled settled = window.Take(Says(1, 2)).value();
  EXPECT_THAT(settled.tokens, ElementsAre(1, 2));
  EXPECT_EQ(settled.drafts, 1);  // the second is the cloud's: it had not seen the draft
  EXPECT_THAT(window.drafts(), ElementsAre(3));
  EXPECT_EQ(window.Send(1).base, 12);
}

// A cloud that streams: its token came while the drafts were on their way, and they say the same.
TEST(DraftWindow, AStreamedTokenThatSentDraftsAgreeWithLeavesTheRestInFlight) {
  DraftWindow window = Filled({1, 2, 3}, 3);
  const Settled settled = window.Take(Says(0, 1)).value();
  EXPECT_THAT(settled.tokens, ElementsAre(1));
  EXPECT_EQ(settled.drafts, 1);
  EXPECT_TRUE(window.InFlight());
  EXPECT_EQ(window.epoch(), 0u);
  ExpectBalance(window, 2);
  EXPECT_THAT(window.Take(Says(2, 4, 11)).value().tokens, ElementsAre(2, 3, 4));
  ExpectBalance(window, 0);
}

TEST(DraftWindow, ALostLinkMakesWhatWasSentStaleAndKeepsItToBeSentAgain) {
  DraftWindow window = Filled({1, 2, 3}, 3);
  window.LinkLost();
  EXPECT_FALSE(window.InFlight());
  EXPECT_EQ(window.stats().stale, 3u);
  EXPECT_EQ(window.Send(3).ids, (std::vector<Token>{1, 2, 3}));
  EXPECT_EQ(window.stats().drafted, 3u);
  EXPECT_EQ(window.stats().sent, 6u);
  ExpectBalance(window, 3);
}

TEST(DraftWindow, VerdictsThatAnswerNothingAreRefusedAndChangeNothing) {
  const Verdict wrong[] = {Says(0, 5, 9), Says(0, 5, 11), Says(0, 5, 10, 1), Says(4, 5), Says(-1, 5)};
  for (const Verdict& verdict : wrong) {
    DraftWindow window = Filled({1, 2, 3}, 3);
    const Result<Settled> settled = window.Take(verdict);
    ASSERT_FALSE(settled);
    EXPECT_EQ(settled.error().code, ErrorCode::kProtocol);
    EXPECT_TRUE(window.InFlight());
    EXPECT_THAT(window.drafts(), ElementsAre(1, 2, 3));
    EXPECT_EQ(window.stats().verified, 0u);
  }
}

}  // namespace
}  // namespace tandem
