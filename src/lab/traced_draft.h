// A draft model for simulations whose drafts are as sure, and as often right, as a real one's were: it plays
// a trace (lab/draft_trace.h), position by position, beside a fake target. Greedy texts only: the trace says
// how far the drafted token leads, and at temperature 0 that is what the edge reads.
#pragma once

#include <vector>

#include "decode/fake_engine.h"

namespace tandem {

struct DraftMoment {
  double margin = 0;    // that the edge is to read, >= 0
  bool stands = false;  // the target takes the same token here
};

class TracedDraft final : public Engine {
 public:
  // target: of the fake target whose text is drafted. The draft for position p is moment (begin + p) modulo
  // their number; there is at least one.
  TracedDraft(const FakeEngineConfig& target, std::vector<DraftMoment> moments, size_t begin);

  const EngineInfo& info() const override { return twin_.info(); }
  Result<SeqId> Open() override { return twin_.Open(); }
  Result<LogitsView> Step(std::span<const SeqRows> batch) override;
  Status Truncate(SeqId seq, Pos length) override { return twin_.Truncate(seq, length); }
  Status Copy(SeqId from, Pos length, SeqId to) override { return twin_.Copy(from, length, to); }
  Pos Length(SeqId seq) const override { return twin_.Length(seq); }
  void Close(SeqId seq) override { twin_.Close(seq); }

 private:
  void Play(std::span<const float> truth, Pos position, float* out) const;

  FakeEngine twin_;  // knows what the target would say
  std::vector<DraftMoment> moments_;
  size_t begin_;
  std::vector<float> logits_;
};

}  // namespace tandem
