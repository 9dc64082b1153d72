// A session over a fake engine, step by step: what the tests of its rules share. Included by tests only.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cloud/session.h"
#include "cloud/talk.h"

namespace tandem {

inline constexpr Pos kPrompt = 5;
inline constexpr Pos kContext = 40;

// Every draft pays where a row costs nothing.
inline CostCurve FreeRows() {
  CostCurve costs;
  for (const int rows : {1, 64}) costs.Observe(rows, Micros{1'000});
  return costs;
}

class SessionTest : public testing::Test {
 protected:
  SessionTest() : text_(StraightText(target_, PromptOpen(kPrompt), kContext)) { Reset(PromptOpen(kPrompt)); }

  void Reset(const Open& open) {
    session_.emplace(std::make_unique<SequenceLease>(engine_, engine_.Open().value()), open, limits_, now_);
  }

  // The straight text at [begin, end).
  std::vector<Token> Right(Pos begin, Pos end) const { return {text_.begin() + begin, text_.begin() + end}; }
  Token Wrong(Pos at) const { return (text_[static_cast<size_t>(at)] + 1) % 64; }

  Status Draft(Pos base, std::vector<Token> ids, uint32_t epoch = 0) {
    return session_->OnDrafts({.epoch = epoch, .base = base, .ids = std::move(ids)}, now_);
  }

  bool Plan() {
    now_ = std::max(now_, session_->StepDue().value_or(now_));  // a step that is held comes in its time
    rows_ = session_->WantsPrefill() ? session_->PrefillRows(64) : session_->StepRows(64, {&costs_}, now_);
    return rows_.has_value();
  }
  Result<std::optional<Frame>> Compute() {
    const Result<LogitsView> logits = engine_.Step(std::span(&*rows_, 1));
    if (!logits) return Forward(logits);
    return session_->OnLogits(*logits, 0, costs_, now_);
  }
  std::optional<Verdict> Step() {
    if (!Plan()) return std::nullopt;
    const Result<std::optional<Frame>> frame = Compute();
    EXPECT_TRUE(frame) << frame.error().message;
    if (!frame || !*frame || !std::holds_alternative<Verdict>(**frame)) return std::nullopt;
    last_ = std::get<Verdict>(**frame);
    return Bare(last_);
  }
  void Prefill() {
    while (session_->WantsPrefill()) Step();
  }

  const FakeEngineConfig target_{.context = kContext};
  FakeEngine engine_{target_};
  const std::vector<Token> text_;
  const SessionLimits limits_{.vocab = 64, .context = kContext, .max_draft = 8};
  Micros now_{0};
  std::optional<Session> session_;
  std::optional<SeqRows> rows_;
  CostCurve costs_ = FreeRows();
  Verdict last_;  // of Step, with how it came about
};

}  // namespace tandem
