// One text on the cloud: what an Open started. It knows its ids, which of them the KV cache holds, the drafts
// that wait to be judged and the credit to stream; it says which rows it wants computed next and turns their
// logits into a verdict.
//
// Rules (docs/protocol.md tells them from the edge's side). L is the text's length, K = L - 1 what the cache
// holds between steps; the last id is always part of the next step.
//  - Verify: rows [text[L-1], d1..dg], the race at positions L..L+g. Drafts stand while equal; the first
//  other token is
//    the correction, after g equal ones the last row's token is the bonus. The cache is cut back to what
//    stands.
//  - Stream: the same with g = 0, while L < run_until and no draft waits.
//  - An epoch is one contiguous branch. It ends at its first id that differs from this text, whether the
//  difference is
//    found in a step or in a draft that arrives late (position < L); later frames of that epoch are stale and
//    dropped. Late drafts that agree count as accepted; the edge, which has the same text, needs no answer to
//    them.
//  - A frame's base may not lie past L + waiting drafts, nor before the end of the epoch's previous frame.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/types.h"
#include "decode/engine.h"
#include "decode/prefill.h"
#include "sample/sampler.h"
#include "wire/frame.h"

namespace tandem {

// An open sequence of an engine, closed with the lease.
class SequenceLease {
 public:
  SequenceLease(Engine& engine, SeqId seq) : engine_(engine), seq_(seq) {}
  ~SequenceLease() { engine_.Close(seq_); }
  SequenceLease(const SequenceLease&) = delete;
  SequenceLease& operator=(const SequenceLease&) = delete;

  Engine& engine() const { return engine_; }
  SeqId seq() const { return seq_; }

 private:
  Engine& engine_;
  SeqId seq_;
};

struct SessionLimits {
  int32_t vocab = 0;
  Pos context = 0;
  int32_t max_draft = 64;  // waiting drafts
};

struct SessionStats {
  uint64_t committed = 0, verified = 0, accepted = 0, stale = 0;
};

class Session {
 public:
  // Everything a peer can get wrong in an Open, before any resource is taken. kContext, kUsage or kProtocol.
  static Status Check(const Open& open, const SessionLimits& limits);

  // `open` has passed Check.
  Session(std::unique_ptr<SequenceLease> lease, Open open, const SessionLimits& limits, Micros now);

  // kProtocol or kContext with the figures: the session must end.
  Status OnDrafts(const Drafts& drafts, Micros now);
  Status OnCredit(const Credit& credit);

  bool WantsPrefill() const { return cached_ < Length() - 1; }
  bool WantsStep() const;

  // Rows for the step now planned, at most `budget`; nullopt when it wants none or the budget is too small
  // for them. The tokens live in the session until OnLogits. Call only one of the two between two OnLogits.
  std::optional<SeqRows> PrefillRows(int budget);
  std::optional<SeqRows> StepRows(int budget, Micros now);

  // The planned rows were computed; `first` is the first of the session's rows in `logits`. Returns what to
  // tell the edge.
  Result<std::optional<Frame>> OnLogits(const LogitsView& logits, int first, Micros now);
  // Opened, once, when the prompt is cached; also right after construction for a prompt of one id.
  std::optional<Frame> TakeOpened(Micros now);

  Micros last_active() const { return last_active_; }
  const SessionStats& stats() const { return stats_; }

 private:
  Pos Length() const { return static_cast<Pos>(text_.size()); }
  size_t Late(const Drafts& drafts);  // how many leading ids lie below L and agree
  void EndEpoch();
  Result<std::optional<Frame>> Judge(const LogitsView& logits, int first, Micros now);

  std::unique_ptr<SequenceLease> lease_;
  std::vector<Token> text_;
  std::vector<PromptSpan> spans_;
  Sampler sampler_;
  SessionLimits limits_;
  Pos cached_ = 0;
  Pos opened_length_ = 0;
  Pos run_until_ = 0;

  uint32_t epoch_ = 0;
  Pos branch_end_ = 0;              // end of the present epoch's last frame
  std::vector<Token> waiting_;      // drafts for positions L, L+1, ...
  bool asked_ = false;              // a frame without ids wants one token
  std::optional<Micros> asked_at_;  // arrival of the oldest frame not yet answered

  bool opened_ = false;
  Micros open_at_{0};
  std::vector<Token> rows_;  // of the step under way
  bool stepping_ = false;    // ... and whether it is a Verify/Stream step
  Micros step_at_{0};
  Micros last_active_{0};
  SessionStats stats_;
};

}  // namespace tandem
