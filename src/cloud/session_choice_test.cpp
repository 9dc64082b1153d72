// What a session chooses: how many drafts a step takes up, whether it holds the step for more, and how it
// judges by laws.
#include "cloud/session_fixture.h"
#include "codec/sqs.h"

namespace tandem {
namespace {

using testing::HasSubstr;

// With credit and a cheap row the session judges what pays; its verdict says how much, and how long it held.
TEST_F(SessionTest, TakesUpTheDraftsThatPay) {
  Open open = PromptOpen(kPrompt);
  open.run_until = 30;
  Reset(open);
  Prefill();
  costs_ = CostCurve();
  for (const int rows : {1, 2, 4, 8}) costs_.Observe(rows, Micros(1'000 + 900 * rows));  // rows are dear
  ASSERT_TRUE(Draft(5, Right(5, 13)));
  ASSERT_TRUE(Step());
  EXPECT_LT(last_.judged, 8);
  EXPECT_EQ(last_.accepted, last_.judged);
  const Pos next = last_.base + last_.accepted + 1;
  ASSERT_TRUE(Step());
  EXPECT_EQ(last_.base, next) << "the rest still waits";
}

TEST_F(SessionTest, HoldsAStepForAnEdgeThatIsQuickAndNotForASlowOne) {
  Open open = PromptOpen(kPrompt);
  open.run_until = 35;
  for (const Micros away : {Micros{100}, Micros{50'000}}) {
    open.sampling.seed = 1;
    Reset(open);
    Prefill();  // Opened: the edge is told
    now_ += away;
    ASSERT_TRUE(Draft(5, {text_[5], text_[6], Wrong(7)}));
    ASSERT_TRUE(Step());
    ASSERT_EQ(last_.accepted, 2);
    const Micros due = session_->StepDue().value();
    EXPECT_EQ(due > now_, away < Micros{1'000}) << "held for drafts that come in time";
    ASSERT_TRUE(Step());
    EXPECT_EQ(last_.judged, 0) << "none came: it streams";
    EXPECT_EQ(last_.waited_us > 0, away < Micros{1'000});
  }
}

// What an edge had ready when its session opened came at once; what it has to draft anew takes longer.
TEST_F(SessionTest, WaitsLongerForTheFirstNewBranchThanOpenedPromised) {
  Open open = PromptOpen(kPrompt);
  open.run_until = 35;
  Reset(open);
  Prefill();
  costs_ = CostCurve();
  for (const int rows : {1, 2, 3, 4}) costs_.Observe(rows, Micros(48'000 + 1'000 * rows));
  ASSERT_TRUE(Draft(5, {text_[5], Wrong(6)}));  // at once
  ASSERT_TRUE(Step());
  const Micros first = session_->StepDue().value() - now_;
  EXPECT_GT(first, Micros{10'000}) << "a quarter of a step";
  EXPECT_LT(first, Micros{15'000});
  now_ += Micros{8'000};
  ASSERT_TRUE(Draft(7, {text_[7], Wrong(8)}, 1));
  ASSERT_TRUE(Step());
  EXPECT_EQ(last_.judged, 2);
  EXPECT_EQ(session_->StepDue().value() - now_, Micros(8'000 + 2'000 + 3'000)) << "now it knows";
}

// Rules that need laws.
class LawSession : public SessionTest {
 protected:
  LawSession() {
    Open open = PromptOpen(kPrompt);
    open.rule = Rule::kToken;
    Reset(open);
    Prefill();
  }
  // A block whose laws leave each draft no choice.
  CodedDrafts Block(std::vector<Token> ids, Pos base = kPrompt, uint32_t epoch = 0) {
    SqsBlock block{ids, {}};
    for (const Token id : ids) block.laws.push_back({{id}, {100}});
    return {epoch, base, EncodeSqs(block, {{64, 8, 100}, kMaxCodedDrafts}).value()};
  }
};

TEST_F(LawSession, JudgesABlockAndGoesOn) {
  ASSERT_TRUE(session_->OnDrafts(Block({1, 2, 3}), now_));
  const Verdict verdict = Step().value();
  EXPECT_EQ(verdict.base, kPrompt);
  EXPECT_EQ(last_.judged, 3);
  const Pos end = kPrompt + verdict.accepted + 1;
  EXPECT_EQ(static_cast<Pos>(session_->text().size()), end);
  const uint32_t epoch = verdict.accepted < 3 ? 1 : 0;
  ASSERT_TRUE(session_->OnDrafts(Block({4, 5}, end, epoch), now_));
  EXPECT_EQ(Step()->base, end);
}

TEST_F(LawSession, RefusesWhatItsRuleDoesNotKnow) {
  EXPECT_THAT(Draft(kPrompt, {1}).error().message, HasSubstr("without laws"));
  EXPECT_THAT(session_->OnCredit({.run_until = 20}).error().message, HasSubstr("under rule token"));
  EXPECT_EQ(session_->OnDrafts(CodedDrafts{0, kPrompt, Bytes(4000, 255)}, now_).error().code,
            ErrorCode::kProtocol)
      << "no block of this shape is that long";
  EXPECT_THAT(session_->OnDrafts(Block({1}, kPrompt + 1), now_).error().message, HasSubstr("has 5 ids"));
  ASSERT_TRUE(session_->OnDrafts(Block({1}), now_));
  EXPECT_THAT(session_->OnDrafts(Block({1}), now_).error().message, HasSubstr("while one of 1"));
  Open open = PromptOpen(kPrompt);
  open.rule = Rule::kBlock;
  open.run_until = 9;
  EXPECT_THAT(Session::Check(open, limits_).error().message, HasSubstr("credit to 9"));
  open.run_until = 0;
  open.lattice = 1 << 20;
  EXPECT_FALSE(Session::Check(open, limits_)) << "a lattice beyond the codec's";
}

TEST_F(SessionTest, TheCoupledRuleTakesNoLaws) {
  Prefill();
  EXPECT_THAT(session_->OnDrafts(CodedDrafts{}, now_).error().message, HasSubstr("the rule is coupled"));
}

}  // namespace
}  // namespace tandem
