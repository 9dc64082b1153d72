// One text on the cloud: what an Open started. It knows its ids, which of them the KV cache holds, the drafts
// that wait to be judged and the credit to stream; it says which rows it wants computed next and turns their
// logits into a verdict.
//
// Rules (docs/protocol.md tells them from the edge's side). L is the text's length; between steps the cache
// holds L - 1 positions, for the last id is always the first row of the next step.
//
//  - Verify: rows [text[L-1], d1..dg], the race at positions L..L+g. Drafts stand while equal. The first
//  other
//    token is the correction; after g equal ones the last row's token is the bonus. One Verdict says so, and
//    the cache is cut back to what stands.
//  - Stream: the same with g = 0, while L is below the credit (run_until). A Drafts frame without ids is
//  credit
//    up to base + 1.
//  - How many waiting drafts a step takes up is the session's choice: all of them without credit (the edge
//  waits
//    for their verdict), with credit, and where the model is cut, those that pay (cloud/step_policy.h). With
//    credit and no drafts it may hold its step for drafts that its edge has always been quick to send; the
//    verdict says how long it did.
//  - An epoch is one contiguous branch. It ends at its first id that differs from this text, whoever wrote
//  the
//    text there: a verdict's correction, or a bonus or streamed token that a draft contradicts which was on
//    its way meanwhile. Both sides see that from the same verdict and the same ids, so nothing is said about
//    it; both go on to epoch + 1, and what is left of the old epoch is stale: dropped, counted, not answered.
//  - A draft for a position that is text already (it arrives late) is judged at once: equal, it counts as
//    accepted and needs no answer, for the edge has the same token from a verdict. Different, it ends the
//    epoch.
//  - Hence a Verdict's ids are text at base.. in any case; its epoch is the one the cloud was in.
//  - A frame begins where the epoch's drafts end (base = L + waiting), or, where the text has gone past them,
//    anywhere between their end and L. One that lies before that as a whole came twice and is dropped; any
//    other place is a breach of the protocol.
//  - Under a rule that needs laws (token, block) the edge waits for each verdict: no credit, one coded block
//  at
//    a time, and whatever of it does not stand ends the epoch.
//  - Where the model is cut, HiddenRows bring the activations of every position and, with `asks`, drafts as
//  Drafts do.
//    The rows go up to the last draft, so a step has what it needs as soon as it is wanted; where the cloud
//    has them all, Drafts without ids ask for one token. Ids of the prompt
//    are not told: they are kNoToken here, and penalties see the rest. Rows of a branch that died are dropped
//    with it. There is no credit: nothing can be written without the edge.
//  - No text grows past the context. The verdict that fills it is the last; Drafts that would are refused.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "base/types.h"
#include "cloud/cached_text.h"
#include "cloud/step_policy.h"
#include "codec/row_buffer.h"
#include "codec/sqs.h"
#include "decode/engine.h"
#include "decode/prefill.h"
#include "sample/acceptance.h"
#include "sample/judge.h"
#include "sample/sampler.h"
#include "wire/frame.h"

namespace tandem {

struct SessionLimits {
  int32_t vocab = 0;       // ids below it are good
  Pos context = 0;         // positions
  int32_t max_draft = 64;  // waiting drafts
};

// verified: drafts judged, each epoch's first mismatch included; stale: dropped unjudged.
struct SessionStats {
  uint64_t committed = 0, verified = 0, accepted = 0, stale = 0;
};

class Session {
 public:
  // Everything a peer can get wrong in an Open, before any resource is taken. kContext, kUsage or kProtocol.
  static Status Check(const Open& open, const SessionLimits& limits);

  // `open` has passed Check; the lease's sequence is empty. rows: where the model is cut, the buffer behind
  // the cut's codec, which begins where the engine's first layer needs rows.
  Session(std::unique_ptr<SequenceLease> lease, Open open, const SessionLimits& limits, Micros now,
          std::optional<RowBuffer> rows = std::nullopt);

  // kProtocol or kContext with the figures: the session must end.
  Status OnDrafts(const Drafts& drafts, Micros now);
  Status OnDrafts(const CodedDrafts& drafts, Micros now);
  Status OnCredit(const Credit& credit);
  Status OnRows(const HiddenRows& rows, Micros now);

  bool WantsPrefill() const { return cached_ < PrefillEnd(); }
  // From when on it wants a step; nullopt: not before its edge says more. May lie in the past.
  std::optional<Micros> StepDue() const;
  bool WantsStep(Micros now) const;

  // Rows for the step now planned, at most `budget`; nullopt when it wants none or the budget is too small
  // for them. The tokens live in the session until OnLogits. Call only one of the two between two OnLogits.
  std::optional<SeqRows> PrefillRows(int budget);
  // step: what others put into it; the session's rows are chosen for what they cost beside them.
  std::optional<SeqRows> StepRows(int budget, const StepSoFar& step, Micros now);
  // Tokens that the rows of the last StepRows will bring, expected.
  double expected_tokens() const { return acceptance_.ExpectedTokens(taken_); }
  const AcceptanceRate& acceptance() const { return acceptance_; }

  // The planned rows were computed; `first` is the first of the session's rows in `logits`. Returns what to
  // tell the edge.
  Result<std::optional<Frame>> OnLogits(const LogitsView& logits, int first, const CostCurve& costs,
                                        Micros now);
  // Opened, once, when the prompt is cached; also right after construction for a prompt of one id.
  std::optional<Frame> TakeOpened(Micros now);

  // Its rows depend on its ids alone, which it knows.
  bool SharesRows() const { return !rows_in_; }
  // That rows which wait for a step may take; 0 where the model is not cut.
  size_t RowBytes() const;
  std::span<const Token> text() const { return text_; }
  // What the sequence has to hold before the first step, and what it holds.
  TextView prompt() const { return {std::span(text_).first(text_.size() - 1), spans_}; }
  TextView cached() const { return {std::span(text_).first(static_cast<size_t>(cached_)), spans_}; }
  SeqId seq() const { return lease_->seq(); }
  // Between steps: takes over rows [cached, length) of a sequence that SharedRows vouches for. Returns their
  // number, 0 when the engine refused.
  Pos Adopt(SeqId from, Pos length);
  // Ends the session between steps: its cache, for a text that begins alike.
  CachedText TakeCache();

  Micros last_active() const { return last_active_; }  // of the last frame or step
  const SessionStats& stats() const { return stats_; }

 private:
  Pos Length() const { return static_cast<Pos>(text_.size()); }
  bool Prefilled() const { return cached_ >= Length() - 1; }
  Pos PrefillEnd() const;  // up to where the prompt can be computed now
  bool LacksRows() const;  // of a step, where the model is cut
  bool HeadAlone() const { return first_row_ > 0; }
  void TakeHidden(Pos begin, Pos end);
  Status TakeDrafts(const Drafts& drafts, Micros now);
  Status CheckDrafts(const Drafts& drafts) const;
  size_t Late(const Drafts& drafts) const;  // how many leading ids lie below L and agree
  void EndEpoch(Pos after);                 // the next epoch's drafts begin there or later
  void Arrived(const Drafts& drafts, Micros now);
  void HoldForDrafts(const CostCurve& costs, Micros now);
  int Choose(int waiting, const StepSoFar& step);  // drafts of a step on credit
  void TakeUp(Micros now);
  Result<Verdict> JudgeRows(const LogitsView& logits, int first);
  bool Settle(const Verdict& verdict);

  std::unique_ptr<SequenceLease> lease_;
  std::vector<Token> text_;
  std::vector<PromptSpan> spans_;
  Rule rule_ = Rule::kCoupled;
  DraftGrid grid_{};  // of the laws
  Warper warper_;
  SessionLimits limits_;
  Pos opened_length_ = 0;
  Pos cached_ = 0;

  Pos run_until_ = 0;    // credit
  Pos asked_until_ = 0;  // the same from Drafts without ids; lost with the epoch

  uint32_t epoch_ = 0;
  Pos branch_end_ = 0;             // end of the epoch's last frame; L + waiting while drafts wait, else <= L
  std::vector<Token> waiting_;     // drafts for positions L, L + 1, ...
  std::vector<SparseDraft> laws_;  // what they were drawn from, where the rule needs it

  // Holding: when the edge heard of a new branch's begin, how long it takes to send drafts for it, and how
  // many.
  std::optional<Micros> told_at_{};
  Micros turnaround_{-1};     // < 0: not known
  bool drafts_anew_ = false;  // it was learned from a branch that died, not from what lay ready at Opened
  double usual_drafts_ = 0;
  Micros held_since_{-1};  // < 0: not held
  Micros held_until_{0};
  StepSoFar last_step_{};  // what others had in the last step

  AcceptanceRate acceptance_;
  std::optional<RowBuffer> rows_in_{};  // where the model is cut
  Pos untold_ = 0;                      // leading ids of text_ that are not known
  Pos first_row_ = 0;                   // the engine needs rows from here on

  int unpaid_steps_ = 0;         // in a row, with drafts waiting and none taken
  std::vector<Token> rows_;      // of the step under way
  std::vector<float> hidden_{};  // likewise, where the model is cut
  int taken_ = 0;                // drafts in it
  Micros waited_{0};             // that it was held
  bool stepping_ = false;        // ... and whether it verifies or streams
  // Frames with drafts (or asks) beyond the text: where they end and when they arrived.
  std::deque<std::pair<Pos, Micros>> arrivals_{};
  Micros step_since_{0};  // arrival of the oldest frame that the step under way answers, or the step's start

  bool opened_ = false;
  Micros open_at_{0};
  Micros rows_came_{0};  // from then to the arrival of the prompt's last rows
  Micros last_active_{0};
  SessionStats stats_;
};

}  // namespace tandem
