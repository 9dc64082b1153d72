// Tests of fake engine.
#include "decode/fake_engine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <numeric>

#include "decode/prefill.h"

namespace tandem {
namespace {

using testing::HasSubstr;
using Logits = std::vector<float>;

// Appends the tokens in one step and returns the logits of the last one; empty on an error.
Logits Append(Engine& engine, SeqId seq, std::span<const Token> tokens, bool bulk = false) {
  const SeqRows rows{.seq = seq, .first = engine.Length(seq), .tokens = tokens, .bulk = bulk, .logits = 1};
  const Result<LogitsView> view = engine.Step({&rows, 1});
  if (!view) return {};
  return {(*view)[0].begin(), (*view)[0].end()};
}

Logits LogitsOf(FakeEngineConfig config, std::span<const Token> text) {
  FakeEngine engine(config);
  return Append(engine, *engine.Open(), text);
}

std::vector<Token> Count(int n) {
  std::vector<Token> ids(static_cast<size_t>(n));
  std::iota(ids.begin(), ids.end(), 0);
  for (Token& id : ids) id %= 64;
  return ids;
}

std::vector<Token> AnyText() {
  return *rc::gen::nonEmpty(rc::gen::container<std::vector<Token>>(rc::gen::inRange<Token>(0, 64)));
}

TEST(FakeEngine, LogitsHangOnTheWholePrefixAndTheModel) {
  const Logits plain = LogitsOf({}, std::vector<Token>{1, 2, 3});
  EXPECT_EQ(plain.size(), 64u);
  EXPECT_EQ(plain, LogitsOf({}, std::vector<Token>{1, 2, 3}));
  EXPECT_NE(plain, LogitsOf({}, std::vector<Token>{2, 1, 3}));
  EXPECT_NE(plain, LogitsOf({}, std::vector<Token>{2, 3}));
  EXPECT_NE(plain, LogitsOf({.salt = 2}, std::vector<Token>{1, 2, 3}));
}

RC_GTEST_PROP(FakeEngine, GroupingAndTruncationLeaveLogitsAlone, ()) {
  const std::vector<Token> text = AnyText();
  const auto cut = *rc::gen::inRange<size_t>(0, text.size());
  const std::vector<Token> detour = AnyText();
  FakeEngine engine({});
  const SeqId seq = *engine.Open();
  const std::span<const Token> whole(text);
  if (cut > 0) Append(engine, seq, whole.first(cut));
  Append(engine, seq, detour);
  RC_ASSERT(engine.Truncate(seq, static_cast<Pos>(cut)).has_value());
  RC_ASSERT(Append(engine, seq, whole.subspan(cut)) == LogitsOf({}, text));
}

TEST(FakeEngine, SequencesOfABatchDoNotSeeEachOther) {
  FakeEngine engine({});
  const SeqId a = *engine.Open(), b = *engine.Open();
  const std::vector<Token> first{1, 2, 3}, second{9, 8};
  const SeqRows batch[] = {{.seq = a, .first = 0, .tokens = first, .logits = 2},
                           {.seq = b, .first = 0, .tokens = second, .logits = 1}};
  const Result<LogitsView> view = engine.Step(batch);
  ASSERT_TRUE(view);
  ASSERT_EQ(view->rows(), 3);
  const auto row = [&](int i) { return Logits((*view)[i].begin(), (*view)[i].end()); };
  EXPECT_EQ(row(0), LogitsOf({}, std::vector<Token>{1, 2}));
  EXPECT_EQ(row(1), LogitsOf({}, first));
  EXPECT_EQ(row(2), LogitsOf({}, second));
  EXPECT_EQ(engine.steps(), 1u);
  EXPECT_EQ(engine.rows(), 5u);
}

// As with ggml's kernels, so that a text rebuilt with other classes shows.
TEST(FakeEngine, TheKernelClassIsPartOfTheHash) {
  const std::vector<Token> block = Count(kBulkRows);
  FakeEngine bulk({}), small({});
  EXPECT_NE(Append(bulk, *bulk.Open(), block, true), Append(small, *small.Open(), block, false));
}

// 2000 prefixes: 0.7 within 0.05 is five standard deviations.
TEST(FakeEngine, ADraftAgreesAtItsRate) {
  const FakeEngineConfig target{.salt = 5};
  const FakeEngineConfig draft{.salt = 6, .follows = 5, .agreement = 0.7};
  int equal = 0;
  for (Token i = 0; i < 2000; ++i) {
    const std::vector<Token> text{i % 64, i / 64};
    equal += LogitsOf(target, text) == LogitsOf(draft, text) ? 1 : 0;
  }
  EXPECT_NEAR(equal / 2000.0, 0.7, 0.05);
}

TEST(FakeEngine, TheEndTokenWinsAtOnePrefixInSome) {
  int ends = 0;
  for (Token i = 0; i < 3200; ++i) {
    const Logits logits = LogitsOf({.end_token = 3, .end_every = 16}, std::vector<Token>{i % 64, i / 64});
    ends += std::max_element(logits.begin(), logits.end()) - logits.begin() == 3 ? 1 : 0;
  }
  EXPECT_NEAR(ends, 200, 70) << "five standard deviations";
}

class Rules : public testing::Test {
 protected:
  Error Refusal(SeqRows rows) {
    const Result<LogitsView> view = engine_.Step({&rows, 1});
    return view ? Error{} : view.error();
  }

  FakeEngine engine_{{.context = 200, .max_sequences = 2, .max_rows = 130}};
  SeqId seq_ = *engine_.Open();
  std::vector<Token> ids_ = Count(200);
  std::span<const Token> text_ = ids_;
};

TEST_F(Rules, RowsAppendToTheirSequence) {
  const Error error = Refusal({.seq = seq_, .first = 3, .tokens = text_.first(2)});
  EXPECT_EQ(error.code, ErrorCode::kUsage);
  EXPECT_THAT(error.message, HasSubstr("goes on at position 0, not at 3"));
  EXPECT_EQ(Refusal({.seq = 77, .first = 0, .tokens = text_.first(2)}).code, ErrorCode::kUsage);
  EXPECT_EQ(Refusal({.seq = seq_, .first = 0, .tokens = {}}).code, ErrorCode::kUsage);
  EXPECT_EQ(engine_.Length(seq_), 0) << "a refused step appends nothing";
}

TEST_F(Rules, IdsAndLogitsAreInRange) {
  const std::vector<Token> strange{1, 64}, negative{-1};
  EXPECT_EQ(Refusal({.seq = seq_, .first = 0, .tokens = strange}).code, ErrorCode::kUsage);
  EXPECT_EQ(Refusal({.seq = seq_, .first = 0, .tokens = negative}).code, ErrorCode::kUsage);
  EXPECT_EQ(Refusal({.seq = seq_, .first = 0, .tokens = text_.first(2), .logits = 3}).code,
            ErrorCode::kUsage);
  EXPECT_EQ(Refusal({.seq = seq_, .first = 0, .tokens = text_.first(2), .logits = -1}).code,
            ErrorCode::kUsage);
}

TEST_F(Rules, BulkRowsAreWholeAlignedBlocks) {
  EXPECT_EQ(Refusal({.seq = seq_, .first = 0, .tokens = text_.first(63), .bulk = true}).code,
            ErrorCode::kUsage);
  ASSERT_FALSE(Append(engine_, seq_, text_.first(1)).empty());
  EXPECT_EQ(Refusal({.seq = seq_, .first = 1, .tokens = text_.first(64), .bulk = true}).code,
            ErrorCode::kUsage);
  ASSERT_TRUE(engine_.Truncate(seq_, 0));
  EXPECT_FALSE(Append(engine_, seq_, text_.first(128), true).empty());
}

TEST_F(Rules, ASequenceAppearsOnceInABatch) {
  const SeqRows batch[] = {{.seq = seq_, .first = 0, .tokens = text_.first(1)},
                           {.seq = seq_, .first = 1, .tokens = text_.first(1)}};
  const Result<LogitsView> view = engine_.Step(batch);
  ASSERT_FALSE(view);
  EXPECT_THAT(view.error().message, HasSubstr("twice"));
}

TEST_F(Rules, StepAndContextAreBounded) {
  EXPECT_EQ(Refusal({.seq = seq_, .first = 0, .tokens = text_.first(131)}).code, ErrorCode::kUsage);
  ASSERT_FALSE(Append(engine_, seq_, text_.first(130)).empty());
  EXPECT_EQ(Refusal({.seq = seq_, .first = 130, .tokens = text_.first(71)}).code, ErrorCode::kContext);
  EXPECT_FALSE(Append(engine_, seq_, text_.first(70)).empty()) << "200 of 200 fit";
}

TEST_F(Rules, SequencesAreBoundedAndReturned) {
  const Result<SeqId> second = engine_.Open();
  ASSERT_TRUE(second);
  const Result<SeqId> third = engine_.Open();
  ASSERT_FALSE(third);
  EXPECT_EQ(third.error().code, ErrorCode::kBusy);
  engine_.Close(*second);
  engine_.Close(*second);
  EXPECT_EQ(engine_.open_sequences(), 1);
  EXPECT_TRUE(engine_.Open());
}

TEST_F(Rules, TruncationStaysWithinTheSequence) {
  ASSERT_FALSE(Append(engine_, seq_, text_.first(5)).empty());
  EXPECT_EQ(engine_.Truncate(seq_, 6).error().code, ErrorCode::kUsage);
  EXPECT_EQ(engine_.Truncate(seq_, -1).error().code, ErrorCode::kUsage);
  EXPECT_EQ(engine_.Truncate(99, 0).error().code, ErrorCode::kUsage);
  EXPECT_EQ(engine_.Length(seq_), 5);
  EXPECT_EQ(engine_.Length(99), 0);
}

TEST_F(Rules, AnInjectedFailureHappensOnce) {
  engine_.FailNextStep({ErrorCode::kInternal, "the backend failed"});
  EXPECT_EQ(Refusal({.seq = seq_, .first = 0, .tokens = text_.first(2)}).message, "the backend failed");
  EXPECT_EQ(engine_.Length(seq_), 0);
  EXPECT_FALSE(Append(engine_, seq_, text_.first(2)).empty());
}

}  // namespace
}  // namespace tandem
