// One session's rules, verdict by verdict. The text that drafts are held against is decoded straight.
#include "cloud/session_fixture.h"

namespace tandem {
namespace {

using testing::HasSubstr;

TEST_F(SessionTest, OpenedComesOnceWhenAllButTheLastIdAreCached) {
  EXPECT_FALSE(session_->TakeOpened(now_));
  ASSERT_TRUE(Plan());
  EXPECT_EQ(rows_->tokens.size(), static_cast<size_t>(kPrompt - 1));
  EXPECT_EQ(rows_->logits, 0);
  now_ = Micros{70};
  const Result<std::optional<Frame>> opened = Compute();
  ASSERT_TRUE(opened && *opened);
  EXPECT_EQ(std::get<Opened>(**opened), (Opened{.length = kPrompt, .server_us = 70}));
  EXPECT_FALSE(session_->TakeOpened(now_));
  EXPECT_FALSE(Plan()) << "nobody asked for anything";
}

TEST_F(SessionTest, APromptOfOneIdIsOpenedAtOnce) {
  Reset(PromptOpen(1));
  EXPECT_TRUE(session_->TakeOpened(now_));
}

TEST_F(SessionTest, FullAcceptanceGivesABonusAndTheEpochGoesOn) {
  Prefill();
  ASSERT_TRUE(Draft(5, Right(5, 8)));
  ASSERT_TRUE(Plan());
  EXPECT_EQ(rows_->first, 4);
  EXPECT_EQ(rows_->logits, 4);
  EXPECT_FALSE(rows_->bulk);
  const auto first = std::get<Verdict>(*Compute().value());
  EXPECT_EQ(Bare(first), (Verdict{.epoch = 0, .base = 5, .accepted = 3, .token = text_[8], .server_us = 0}));
  ASSERT_TRUE(Draft(9, Right(9, 10)));
  EXPECT_EQ(Step(), (Verdict{.epoch = 0, .base = 9, .accepted = 1, .token = text_[10]}));
  EXPECT_FALSE(Plan());
}

TEST_F(SessionTest, AMismatchIsCorrectedAndEndsTheEpoch) {
  Prefill();
  ASSERT_TRUE(Draft(5, {text_[5], Wrong(6), text_[7]}));
  EXPECT_EQ(Step(), (Verdict{.epoch = 0, .base = 5, .accepted = 1, .token = text_[6]}));
  EXPECT_EQ(session_->stats().verified, 2u);
  EXPECT_EQ(session_->stats().accepted, 1u);
  EXPECT_EQ(session_->stats().stale, 1u);
  ASSERT_TRUE(Draft(8, Right(8, 9))) << "left of the old epoch";
  EXPECT_EQ(session_->stats().stale, 2u);
  EXPECT_FALSE(Plan());
  ASSERT_TRUE(Draft(7, Right(7, 9), 1));
  EXPECT_EQ(Step(), (Verdict{.epoch = 1, .base = 7, .accepted = 2, .token = text_[9]}));
}

TEST_F(SessionTest, AnAskIsWorthOneToken) {
  Prefill();
  ASSERT_TRUE(Draft(5, {}));
  EXPECT_EQ(Step(), (Verdict{.base = 5, .token = text_[5]}));
  EXPECT_FALSE(Plan());
  ASSERT_TRUE(Draft(5, {})) << "position 5 is text by now: answered already";
  EXPECT_FALSE(Plan());
}

TEST_F(SessionTest, AnAskBehindDraftsThatABonusSettlesIsNotLost) {
  Prefill();
  ASSERT_TRUE(Draft(5, Right(5, 6)));
  ASSERT_TRUE(Plan());
  ASSERT_TRUE(Draft(6, Right(6, 7)));  // the bonus will agree with it
  ASSERT_TRUE(Draft(7, {}));
  EXPECT_EQ(Bare(std::get<Verdict>(*Compute().value())),
            (Verdict{.base = 5, .accepted = 1, .token = text_[6]}));
  EXPECT_EQ(session_->stats().accepted, 2u);
  EXPECT_EQ(Step(), (Verdict{.base = 7, .token = text_[7]}));
}

TEST_F(SessionTest, AnAskEndsWithItsEpoch) {
  Prefill();
  ASSERT_TRUE(Draft(5, {Wrong(5), 1}));
  ASSERT_TRUE(Draft(7, {}));
  EXPECT_EQ(Step(), (Verdict{.base = 5, .token = text_[5]}));
  EXPECT_FALSE(Plan());
}

TEST_F(SessionTest, ABonusJudgesADraftThatCameDuringTheStep) {
  Prefill();
  ASSERT_TRUE(Draft(5, Right(5, 6)));
  ASSERT_TRUE(Plan());
  ASSERT_TRUE(Draft(6, {Wrong(6), 3, 4}));
  EXPECT_EQ(Bare(std::get<Verdict>(*Compute().value())),
            (Verdict{.base = 5, .accepted = 1, .token = text_[6]}));
  EXPECT_EQ(session_->stats().verified, 2u);
  EXPECT_EQ(session_->stats().stale, 2u);
  EXPECT_FALSE(Plan());
  ASSERT_TRUE(Draft(7, Right(7, 8), 1));
  EXPECT_EQ(Step(), (Verdict{.epoch = 1, .base = 7, .accepted = 1, .token = text_[8]}));
}

TEST_F(SessionTest, LateDraftsThatAgreeCountWithoutAStep) {
  Open open = PromptOpen(kPrompt);
  open.run_until = 9;
  Reset(open);
  Prefill();
  for (Pos at = 5; at < 9; ++at)
    EXPECT_EQ(Step(), (Verdict{.base = at, .token = text_[static_cast<size_t>(at)]}));
  EXPECT_FALSE(Plan());
  ASSERT_TRUE(Draft(6, Right(6, 8)));
  EXPECT_EQ(session_->stats().accepted, 2u);
  EXPECT_FALSE(Plan()) << "the edge has these ids from verdicts";
  ASSERT_TRUE(Draft(8, Right(8, 10)));
  EXPECT_EQ(session_->stats().accepted, 3u);
  EXPECT_EQ(Step(), (Verdict{.base = 9, .accepted = 1, .token = text_[10]}));
}

TEST_F(SessionTest, ALateMismatchEndsTheEpochOnBothSides) {
  Open open = PromptOpen(kPrompt);
  open.run_until = 9;
  Reset(open);
  Prefill();
  while (Step()) {
  }
  ASSERT_TRUE(Draft(6, {text_[6], Wrong(7), 1, 2}));
  EXPECT_EQ(session_->stats().verified, 2u);
  EXPECT_EQ(session_->stats().stale, 2u);
  EXPECT_FALSE(Plan());
  EXPECT_TRUE(Draft(10, {1})) << "stale";
  EXPECT_FALSE(Draft(7, {1, 1}, 1)) << "before the id that ended epoch 0";
  ASSERT_TRUE(Draft(8, Right(8, 10), 1));
  EXPECT_EQ(Step(), (Verdict{.epoch = 1, .base = 9, .accepted = 1, .token = text_[10]}));
}

TEST_F(SessionTest, DraftsJoinAStreamAndItGoesOnAfterThem) {
  Open open = PromptOpen(kPrompt);
  open.run_until = 12;
  Reset(open);
  Prefill();
  EXPECT_EQ(Step(), (Verdict{.base = 5, .token = text_[5]}));
  ASSERT_TRUE(Draft(6, {text_[6], text_[7], Wrong(8)}));
  EXPECT_EQ(Step(), (Verdict{.base = 6, .accepted = 2, .token = text_[8]}));
  EXPECT_EQ(Step(), (Verdict{.epoch = 1, .base = 9, .token = text_[9]}));
  ASSERT_TRUE(session_->OnCredit({.run_until = 14}));
  for (Pos at = 10; at < 14; ++at) EXPECT_EQ(Step()->base, at);
  EXPECT_FALSE(Plan());
  EXPECT_FALSE(session_->OnCredit({.run_until = 13}));
  EXPECT_FALSE(session_->OnCredit({.run_until = kContext + 1}));
}

TEST_F(SessionTest, TheContextEndsTheText) {
  Prefill();
  ASSERT_TRUE(session_->OnCredit({.run_until = kContext - 3}));
  while (Step()) {
  }
  EXPECT_EQ(Draft(37, Right(37, 40)).error().code, ErrorCode::kContext) << "no place for the bonus";
  ASSERT_TRUE(Draft(37, Right(37, 39)));
  EXPECT_EQ(Step(), (Verdict{.base = 37, .accepted = 2, .token = text_[39]}));
  EXPECT_FALSE(Plan());
  const Status full = Draft(40, {});
  ASSERT_FALSE(full);
  EXPECT_EQ(full.error().code, ErrorCode::kContext);
  EXPECT_THAT(full.error().message, HasSubstr("40"));
}

TEST_F(SessionTest, CreditUpToTheContextStopsThere) {
  Prefill();
  ASSERT_TRUE(session_->OnCredit({.run_until = kContext}));
  while (Step()) {
  }
  EXPECT_EQ(std::vector<Token>(session_->text().begin(), session_->text().end()), text_);
}

TEST_F(SessionTest, ServerTimeCountsFromTheFrameThatIsAnswered) {
  Prefill();
  now_ = Micros{100};
  ASSERT_TRUE(Draft(5, Right(5, 6)));
  now_ = Micros{130};
  ASSERT_TRUE(Plan());
  now_ = Micros{150};
  ASSERT_TRUE(Draft(6, Right(6, 9)));  // during the step
  now_ = Micros{180};
  EXPECT_EQ(std::get<Verdict>(*Compute().value()).server_us, 80u);
  now_ = Micros{200};
  EXPECT_EQ(Step()->server_us, 50u);
  now_ = Micros{300};
  ASSERT_TRUE(session_->OnCredit({.run_until = 12}));
  now_ = Micros{310};
  ASSERT_TRUE(Plan());
  now_ = Micros{345};
  EXPECT_EQ(std::get<Verdict>(*Compute().value()).server_us, 35u) << "a streamed token: from its step";
}

TEST_F(SessionTest, ServerTimeForgetsFramesThatABonusSettled) {
  Prefill();
  ASSERT_TRUE(Draft(5, Right(5, 6)));
  ASSERT_TRUE(Plan());
  ASSERT_TRUE(Draft(6, Right(6, 7)));
  Compute();
  now_ = Micros{500};
  ASSERT_TRUE(Draft(7, Right(7, 8)));
  now_ = Micros{510};
  EXPECT_EQ(Step()->server_us, 10u);
}

TEST_F(SessionTest, AFrameThatComesTwiceIsDropped) {
  Prefill();
  ASSERT_TRUE(Draft(5, Right(5, 7)));
  ASSERT_TRUE(Draft(5, Right(5, 7)));
  ASSERT_TRUE(Draft(6, Right(6, 7)));
  EXPECT_EQ(Step(), (Verdict{.epoch = 0, .base = 5, .accepted = 2, .token = text_[7]}));
  EXPECT_EQ(session_->stats().verified, 2u);
  EXPECT_EQ(session_->stats().stale, 0u);
}

TEST_F(SessionTest, DraftsOutOfLineAreRefusedWithTheirFigures) {
  Prefill();
  ASSERT_TRUE(Draft(5, Right(5, 7)));
  const struct {
    Drafts drafts;
    ErrorCode code;
    const char* says;
  } cases[] = {
      {{.epoch = 1, .base = 7, .ids = {1}}, ErrorCode::kProtocol, "epoch 1"},
      {{.base = 8, .ids = {1}}, ErrorCode::kProtocol, "begin at 8"},
      {{.base = 6, .ids = {1, 1}}, ErrorCode::kProtocol, "expected 7..7"},
      {{.base = 0, .ids = std::vector<Token>(8, 1)}, ErrorCode::kProtocol, "begin at 0"},
      {{.base = -1, .ids = std::vector<Token>(9, 1)}, ErrorCode::kProtocol, "begin at -1"},
      {{.base = 7, .ids = {64}}, ErrorCode::kProtocol, "id 64"},
      {{.base = 7, .ids = {-1}}, ErrorCode::kProtocol, "id -1"},
      {{.base = 7, .ids = {1, 1, 1, 1, 1, 1, 1}}, ErrorCode::kProtocol, "9 drafts wait"},
      {{.base = 7, .ids = std::vector<Token>(33, 1)}, ErrorCode::kContext, "position 40"},
  };
  for (const auto& c : cases) {
    const Status status = session_->OnDrafts(c.drafts, now_);
    ASSERT_FALSE(status) << c.says;
    EXPECT_EQ(status.error().code, c.code) << status.error().message;
    EXPECT_THAT(status.error().message, HasSubstr(c.says));
  }
}

TEST_F(SessionTest, OpenIsCheckedBeforeAnythingIsTaken) {
  const auto with = [](auto change) {
    Open open = PromptOpen(20);
    change(open);
    return open;
  };
  const struct {
    Open open;
    ErrorCode code;
    const char* says;
  } cases[] = {
      {with([](Open& o) { o.ids.clear(); }), ErrorCode::kProtocol, "no ids"},
      {PromptOpen(40), ErrorCode::kContext, "40 tokens leaves no room in the target's context of 40"},
      {with([](Open& o) { o.ids[3] = 64; }), ErrorCode::kProtocol, "id 64"},
      {with([](Open& o) { o.ids[3] = -5; }), ErrorCode::kProtocol, "id -5"},
      {with([](Open& o) {
         o.spans = {{0, 21}};
       }),
       ErrorCode::kProtocol, "0..21"},
      {with([](Open& o) {
         o.spans = {{4, 4}};
       }),
       ErrorCode::kProtocol, "4..4"},
      {with([](Open& o) {
         o.spans = {{-1, 4}};
       }),
       ErrorCode::kProtocol, "-1..4"},
      {with([](Open& o) {
         o.spans = {{0, 8}, {7, 9}};
       }),
       ErrorCode::kProtocol, "7..9 after 8"},
      {with([](Open& o) { o.run_until = 41; }), ErrorCode::kProtocol, "41"},
      {with([](Open& o) { o.run_until = -1; }), ErrorCode::kProtocol, "-1"},
      {with([](Open& o) { o.sampling.temperature = -1.0f; }), ErrorCode::kUsage, "temperature"},
  };
  for (const auto& c : cases) {
    const Status status = Session::Check(c.open, limits_);
    ASSERT_FALSE(status) << c.says;
    EXPECT_EQ(status.error().code, c.code) << status.error().message;
    EXPECT_THAT(status.error().message, HasSubstr(c.says));
  }
  EXPECT_TRUE(Session::Check(PromptOpen(39), limits_));
  EXPECT_TRUE(Session::Check(with([](Open& o) { o.spans = {{0, 8}, {8, 20}}; }), limits_));
  EXPECT_TRUE(Session::Check(with([](Open& o) { o.spans.clear(); }), limits_));
}

TEST_F(SessionTest, PromptsGoInWholeBulkBlocksAndTheirTailSmall) {
  const FakeEngineConfig wide{.context = 300, .max_rows = 512};
  FakeEngine engine(wide);
  Open open = PromptOpen(200);
  Session session(std::make_unique<SequenceLease>(engine, engine.Open().value()), open,
                  {.vocab = 64, .context = 300, .max_draft = 8}, now_);
  EXPECT_FALSE(session.PrefillRows(63)) << "a block does not fit";
  std::vector<std::pair<Pos, bool>> chunks;
  while (const std::optional<SeqRows> rows = session.PrefillRows(130)) {
    chunks.push_back({static_cast<Pos>(rows->tokens.size()), rows->bulk});
    ASSERT_TRUE(session.OnLogits(engine.Step(std::span(&*rows, 1)).value(), 0, costs_, now_));
  }
  EXPECT_EQ(chunks, (std::vector<std::pair<Pos, bool>>{{128, true}, {64, true}, {7, false}}));
}

TEST_F(SessionTest, ClosesItsSequence) {
  EXPECT_EQ(engine_.open_sequences(), 1);
  session_.reset();
  EXPECT_EQ(engine_.open_sequences(), 0);
}

}  // namespace
}  // namespace tandem
