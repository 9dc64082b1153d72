// The window against verdicts of every shape, those of a cloud that streams while drafts are under way
// included.
#include "edge/draft_window.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tandem {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

WindowRule Block(int32_t length) {
  return {length, length, true};
}

// A window at position 10 with `drafts` in it, the first `sent` of them with the cloud.
DraftWindow Filled(const std::vector<Token>& drafts, int32_t sent) {
  DraftWindow window(10);
  for (const Token id : drafts) window.Add(id, false);
  if (sent >= 0) window.Send(Block(std::max(sent, 1)), sent);
  return window;
}

Verdict Says(int32_t accepted, Token token, Pos base = 10, uint32_t epoch = 0) {
  return {
      .epoch = epoch, .base = base, .accepted = accepted, .token = token, .judged = std::max(accepted, 0)};
}

void ExpectBalance(const DraftWindow& window, uint64_t in_flight) {
  const WindowStats& s = window.stats();
  EXPECT_EQ(s.sent, s.verified + s.stale + in_flight);
}

TEST(DraftWindow, DraftsABlockAndSendsItOnce) {
  DraftWindow window(10);
  for (const Token id : {1, 2, 3}) {
    EXPECT_TRUE(window.WantsDraft(Block(3), 3));
    EXPECT_FALSE(window.ReadyToSend(Block(3), 3));
    window.Add(id, false);
  }
  EXPECT_FALSE(window.WantsDraft(Block(3), 3));
  ASSERT_TRUE(window.ReadyToSend(Block(3), 3));
  EXPECT_EQ(window.Send(Block(3), 3), (Drafts{.epoch = 0, .base = 10, .ids = {1, 2, 3}}));
  EXPECT_TRUE(window.InFlight());
  EXPECT_FALSE(window.WantsDraft(Block(3), 3));
  EXPECT_FALSE(window.ReadyToSend(Block(3), 3));
}

TEST(DraftWindow, AnEndTokenClosesTheBlock) {
  DraftWindow window(10);
  window.Add(1, true);
  EXPECT_FALSE(window.WantsDraft(Block(5), 5));
  EXPECT_TRUE(window.ReadyToSend(Block(5), 5));
}

TEST(DraftWindow, WithoutRoomForDraftsItAsksForOneToken) {
  DraftWindow window(10);
  EXPECT_FALSE(window.WantsDraft(Block(3), 0));
  ASSERT_TRUE(window.ReadyToSend(Block(3), 0));
  EXPECT_THAT(window.Send(Block(3), 0).ids, IsEmpty());
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
  EXPECT_TRUE(window.WantsDraft(Block(3), 1));
  EXPECT_EQ(window.Send(Block(3), 0).base, 14);
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
  EXPECT_EQ(window.Send(Block(3), 0), (Drafts{.epoch = 1, .base = 12, .ids = {}}));
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
  EXPECT_EQ(window.Send(Block(3), 1).base, 12);
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
  EXPECT_EQ(window.Send(Block(3), 3).ids, (std::vector<Token>{1, 2, 3}));
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

// --- sliding

constexpr WindowRule kSliding{.chunk = 2, .window = 5, .stop_and_wait = false};
constexpr int32_t kRoom = 100;

TEST(SlidingWindow, SendsChunksWithoutWaitingUntilTheWindowIsFull) {
  DraftWindow window(10);
  window.Add(1, false);
  EXPECT_FALSE(window.ReadyToSend(kSliding, kRoom)) << "half a chunk";
  window.Add(2, false);
  EXPECT_EQ(window.Send(kSliding, kRoom), (Drafts{.epoch = 0, .base = 10, .ids = {1, 2}}));
  for (const Token id : {3, 4, 5, 6, 7}) window.Add(id, false);
  ASSERT_TRUE(window.ReadyToSend(kSliding, kRoom));
  EXPECT_EQ(window.Send(kSliding, kRoom), (Drafts{.epoch = 0, .base = 12, .ids = {3, 4, 5}}));
  EXPECT_FALSE(window.ReadyToSend(kSliding, kRoom)) << "five are unjudged";
  EXPECT_FALSE(window.WantsDraft(kSliding, kRoom)) << "a chunk is ready behind the window";
  EXPECT_EQ(window.Take({.base = 10, .accepted = 2, .token = 3, .judged = 2})->drafts, 3);
  EXPECT_EQ(window.unjudged(), 2);
  EXPECT_EQ(window.Send(kSliding, kRoom), (Drafts{.epoch = 0, .base = 15, .ids = {6, 7}}));
  ExpectBalance(window, 4);
}

TEST(SlidingWindow, TheLastOfABranchGoesOutThoughItIsNoWholeChunk) {
  DraftWindow window(10);
  window.Add(1, true);
  EXPECT_FALSE(window.WantsDraft(kSliding, kRoom));
  EXPECT_TRUE(window.ReadyToSend(kSliding, kRoom));
  DraftWindow full(10);
  full.Add(1, false);
  EXPECT_TRUE(full.ReadyToSend(kSliding, 1)) << "the text has room for no more";
}

TEST(SlidingWindow, AClosedWindowDraftsOneToLearnAndSendsNothing) {
  const WindowRule closed{.chunk = 4, .window = 0, .stop_and_wait = false};
  DraftWindow window(10);
  ASSERT_TRUE(window.WantsDraft(closed, kRoom));
  window.Add(7, false);
  EXPECT_FALSE(window.WantsDraft(closed, kRoom));
  EXPECT_FALSE(window.ReadyToSend(closed, kRoom));
  const Settled hit = window.Take(Says(0, 7)).value();
  EXPECT_EQ(hit.guessed, 1);
  EXPECT_EQ(hit.drafts, 0) << "it was never sent: the token is the cloud's";
  window.Add(8, false);
  EXPECT_TRUE(window.Take(Says(0, 9, 11)).value().missed);
  EXPECT_EQ(window.epoch(), 0u);
}

// The cloud had not heard yet that the branch is dead, and went on by itself.
TEST(SlidingWindow, AVerdictOfAnEpochThatIsOverIsText) {
  DraftWindow window = Filled({1, 2, 3}, 3);
  ASSERT_TRUE(window.Take(Says(0, 9)).value().mismatch);
  window.Add(4, false);
  window.Add(5, false);
  ASSERT_EQ(window.Send(kSliding, kRoom).epoch, 1u);
  const Settled settled = window.Take(Says(0, 4, 11, 0)).value();
  EXPECT_THAT(settled.tokens, ElementsAre(4));
  EXPECT_EQ(settled.drafts, 1) << "late, and it agrees";
  EXPECT_EQ(window.epoch(), 1u);
  EXPECT_FALSE(window.Take(Says(1, 6, 12, 0))) << "an old epoch accepts nothing";
}

TEST(SlidingWindow, AVerdictMayJudgeAPartOfWhatWaits) {
  DraftWindow window = Filled({1, 2, 3, 4}, 4);
  EXPECT_THAT(window.Take({.base = 10, .accepted = 1, .token = 2, .judged = 1})->tokens, ElementsAre(1, 2));
  EXPECT_EQ(window.unjudged(), 2);
  EXPECT_FALSE(window.Take({.base = 12, .accepted = 1, .token = 9, .judged = 0}))
      << "accepts more than it judged";
  EXPECT_FALSE(window.Take({.base = 12, .accepted = 1, .token = 9, .judged = 3}))
      << "judges more than was sent";
}

TEST(SlidingWindow, WhatIsBeforeADoubtGoesOutAtOnceWithNothingInFlight) {
  constexpr WindowRule wide{.chunk = 4, .window = 8, .stop_and_wait = false};
  DraftWindow window(10);
  for (const Token id : {1, 2}) window.Add(id, false);
  EXPECT_FALSE(window.ReadyToSend(wide, kRoom, 2)) << "no doubt so far: half a chunk";
  window.Add(3, false);
  ASSERT_TRUE(window.ReadyToSend(wide, kRoom, 2)) << "the third is not worth its bytes";
  EXPECT_EQ(window.Send(wide, 2).ids, (std::vector<Token>{1, 2}));
  for (const Token id : {4, 5, 6}) window.Add(id, false);
  EXPECT_FALSE(window.ReadyToSend(wide, kRoom, 3)) << "the cloud has some: a verdict will tell more";
  EXPECT_FALSE(window.ReadyToSend(wide, kRoom, 1)) << "two are out already";
  EXPECT_TRUE(window.ReadyToSend(wide, kRoom, 6));
}

TEST(SlidingWindow, MarginsStayWithTheirDrafts) {
  DraftWindow window(10);
  for (const Token id : {1, 2, 3, 4}) window.Add(id, false, id * 0.5);
  (void)window.Send(kSliding, kRoom);
  (void)window.Take({.base = 10, .accepted = 1, .token = 2, .judged = 1}).value();
  EXPECT_EQ(window.drafts(), (std::vector<Token>{3, 4}));
  EXPECT_EQ(window.margins(), (std::vector<double>{1.5, 2.0}));
  (void)window.Take({.base = 12, .accepted = 0, .token = 9, .judged = 1}).value();
  EXPECT_TRUE(window.margins().empty());
}

}  // namespace
}  // namespace tandem
