// See session.h.
#include "cloud/session.h"

#include <algorithm>

#include "base/prompt_span.h"

namespace tandem {

namespace {

constexpr double kLearn = 0.25;      // weight of the newest turnaround
constexpr Micros kHoldSlack{3'000};  // beyond the expected time; a quarter of it comes on top
constexpr int kTryAfter = 32;        // steps whose drafts did not pay
constexpr int kTried = 3;

}  // namespace

Status Session::Check(const Open& open, const SessionLimits& limits) {
  if (open.Length() == 0) return Fail(ErrorCode::kProtocol, "Open holds no ids");
  if (open.Length() >= static_cast<size_t>(limits.context)) {
    return Fail(ErrorCode::kContext, "a text of {} tokens leaves no room in the target's context of {}",
                open.Length(), limits.context);
  }
  for (const Token id : open.ids) {
    if (id < 0 || id >= limits.vocab) {
      return Fail(ErrorCode::kProtocol, "Open holds id {}, outside the vocabulary of {}", id, limits.vocab);
    }
  }
  if (const auto misfit = FindMisfit(open.spans, open.Length())) {
    return Fail(ErrorCode::kProtocol, "Open holds the prompt span {}..{} after {}, in {} ids",
                misfit->span.begin, misfit->span.end, misfit->after, open.Length());
  }
  if (open.cut && (open.run_until > 0 || open.rule != Rule::kCoupled)) {
    return Fail(ErrorCode::kProtocol, "a cut model with credit to {} and rule {}, not 0 and {}",
                open.run_until, RuleName(open.rule), RuleName(Rule::kCoupled));
  }
  if (open.run_until < 0 || open.run_until > limits.context) {
    return Fail(ErrorCode::kProtocol, "Open grants credit to position {}, the context is {}", open.run_until,
                limits.context);
  }
  if (NeedsLaws(open.rule)) {
    if (open.run_until > 0)
      return Fail(ErrorCode::kProtocol, "credit to {} under rule {}, which waits for each verdict",
                  open.run_until, RuleName(open.rule));
    const SqsShape shape{{limits.vocab, open.law_ids, open.lattice}, kMaxCodedDrafts};
    if (Status s = tandem::Check(shape); !s) return s;
  }
  return Validate(open.sampling);
}

Session::Session(std::unique_ptr<SequenceLease> lease, Open open, const SessionLimits& limits, Micros now,
                 std::optional<RowBuffer> rows)
    : lease_(std::move(lease)),
      text_(std::move(open.ids)),
      spans_(std::move(open.spans)),
      rule_(open.rule),
      grid_{limits.vocab, open.law_ids, open.lattice},
      warper_(open.sampling),
      limits_(limits),
      run_until_(open.run_until),
      epoch_(open.epoch),
      rows_in_(std::move(rows)),
      untold_(open.cut ? open.cut->untold : 0),
      first_row_(rows_in_ ? rows_in_->end() : 0),
      open_at_(now),
      last_active_(now) {
  text_.insert(text_.begin(), static_cast<size_t>(untold_), kNoToken);
  opened_length_ = branch_end_ = Length();
}

void Session::EndEpoch(Pos after) {
  ++epoch_;
  branch_end_ = after;
  stats_.stale += waiting_.size();
  waiting_.clear();
  laws_.clear();
  if (rows_in_) rows_in_->Truncate(Length() - 1);
  arrivals_.clear();
  asked_until_ = 0;
}

Status Session::CheckDrafts(const Drafts& drafts) const {
  if (drafts.epoch > epoch_) {
    return Fail(ErrorCode::kProtocol, "Drafts of epoch {}, the session is at {}", drafts.epoch, epoch_);
  }
  const Pos open_end = Length() + static_cast<Pos>(waiting_.size());
  if (drafts.base < branch_end_ || drafts.base > open_end) {
    return Fail(ErrorCode::kProtocol, "Drafts begin at {}, expected {}..{}", drafts.base, branch_end_,
                open_end);
  }
  for (const Token id : drafts.ids) {
    if (id < 0 || id >= limits_.vocab) {
      return Fail(ErrorCode::kProtocol, "a draft is id {}, outside the vocabulary of {}", id, limits_.vocab);
    }
  }
  const int64_t end = int64_t{drafts.base} + static_cast<int64_t>(drafts.ids.size());
  if (end >= limits_.context) {
    return Fail(ErrorCode::kContext, "drafts up to position {} do not fit the target's context of {}", end,
                limits_.context);
  }
  return {};
}

size_t Session::Late(const Drafts& drafts) const {
  size_t agree = 0;
  while (agree < drafts.ids.size()) {
    const Pos at = drafts.base + static_cast<Pos>(agree);
    if (at >= Length() || text_[static_cast<size_t>(at)] != drafts.ids[agree]) break;
    ++agree;
  }
  return agree;
}

// Learns how fast, and with how much, this edge answers when a branch begins anew.
void Session::Arrived(const Drafts& drafts, Micros now) {
  if (drafts.ids.empty()) return;
  const auto count = static_cast<double>(drafts.ids.size());
  usual_drafts_ = usual_drafts_ == 0 ? count : usual_drafts_ + kLearn * (count - usual_drafts_);
  if (!told_at_) return;
  const Micros took = now - *told_at_;
  // At Opened the edge had drafts ready: that tells of the way alone, and the first branch that dies tells
  // more.
  const bool first = turnaround_ < Micros{0};
  const auto off = static_cast<double>((took - turnaround_).count());
  turnaround_ = drafts_anew_ ? turnaround_ + Micros(static_cast<int64_t>(kLearn * off)) : took;
  drafts_anew_ = !first;
  told_at_.reset();
}

Status Session::OnDrafts(const Drafts& drafts, Micros now) {
  if (rows_in_ && (!drafts.ids.empty() || drafts.base > rows_in_->end()))
    return Fail(ErrorCode::kProtocol, "{} drafts at {} without rows, and the model is cut", drafts.ids.size(),
                drafts.base);
  if (NeedsLaws(rule_) && !drafts.ids.empty())
    return Fail(ErrorCode::kProtocol, "{} drafts without laws, which rule {} needs", drafts.ids.size(),
                RuleName(rule_));
  return TakeDrafts(drafts, now);
}

Status Session::TakeDrafts(const Drafts& drafts, Micros now) {
  last_active_ = std::max(last_active_, now);
  if (drafts.epoch < epoch_) {
    stats_.stale += drafts.ids.size();
    return {};
  }
  if (drafts.base + static_cast<Pos>(drafts.ids.size()) <= branch_end_ && drafts.base < branch_end_)
    return {};
  if (Status s = CheckDrafts(drafts); !s) return s;
  Arrived(drafts, now);
  const size_t late = Late(drafts);
  const size_t ahead = drafts.ids.size() - late;
  stats_.verified += late;
  stats_.accepted += late;
  for (size_t i = 0; i < late; ++i) acceptance_.Judge(0, true);
  const Pos next = drafts.base + static_cast<Pos>(late);
  if (ahead > 0 && next < Length()) {
    ++stats_.verified;
    stats_.stale += ahead - 1;
    acceptance_.Judge(0, false);
    EndEpoch(next + 1);
    return {};
  }
  if (waiting_.size() + ahead > static_cast<size_t>(limits_.max_draft)) {
    return Fail(ErrorCode::kProtocol, "{} drafts wait unjudged, at most {} may", waiting_.size() + ahead,
                limits_.max_draft);
  }
  branch_end_ = next + static_cast<Pos>(ahead);
  waiting_.insert(waiting_.end(), drafts.ids.begin() + static_cast<std::ptrdiff_t>(late), drafts.ids.end());
  if (drafts.ids.empty()) asked_until_ = std::max(asked_until_, drafts.base + 1);
  const Pos end = drafts.ids.empty() ? asked_until_ : branch_end_;
  if (end > Length() && (arrivals_.empty() || arrivals_.back().first < end)) arrivals_.push_back({end, now});
  return {};
}

Status Session::OnDrafts(const CodedDrafts& coded, Micros now) {
  if (!NeedsLaws(rule_))
    return Fail(ErrorCode::kProtocol, "drafts with laws, but the rule is {}", RuleName(rule_));
  if (!waiting_.empty())
    return Fail(ErrorCode::kProtocol, "a block at {} while one of {} drafts waits", coded.base,
                waiting_.size());
  Result<SqsBlock> block = DecodeSqs(coded.block, {grid_, kMaxCodedDrafts});
  if (!block) return Forward(block);
  if (coded.epoch == epoch_ && coded.base != Length())
    return Fail(ErrorCode::kProtocol, "a block at {}, the text has {} ids", coded.base, Length());
  if (Status s = TakeDrafts({coded.epoch, coded.base, std::move(block->ids)}, now); !s) return s;
  if (!waiting_.empty()) laws_ = std::move(block->laws);
  return {};
}

Status Session::OnCredit(const Credit& credit) {
  if (NeedsLaws(rule_))
    return Fail(ErrorCode::kProtocol, "credit to {} under rule {}", credit.run_until, RuleName(rule_));
  if (rows_in_) return Fail(ErrorCode::kProtocol, "credit to {} where the model is cut", credit.run_until);
  if (credit.run_until < run_until_ || credit.run_until > limits_.context) {
    return Fail(ErrorCode::kProtocol, "credit to position {}, had {}, the context is {}", credit.run_until,
                run_until_, limits_.context);
  }
  run_until_ = credit.run_until;
  return {};
}

std::optional<Micros> Session::StepDue() const {
  if (!Prefilled() || LacksRows()) return std::nullopt;
  if (!waiting_.empty() || Length() < asked_until_) return Micros{0};
  if (Length() >= run_until_) return std::nullopt;
  return held_since_ < Micros{0} ? Micros{0} : held_until_;
}

bool Session::WantsStep(Micros now) const {
  const std::optional<Micros> due = StepDue();
  return due && *due <= now;
}

// The branch begins anew, or has run out of drafts, and the edge is being told so: is it worth waiting for
// what it will send?
void Session::HoldForDrafts(const CostCurve& costs, Micros now) {
  held_since_ = Micros{-1};
  if (!waiting_.empty() || Length() >= run_until_ || turnaround_ < Micros{0}) return;
  const Micros in = told_at_ ? std::max(Micros{0}, *told_at_ + turnaround_ - now) : turnaround_;
  const StepSoFar beside{&costs, last_step_.rows, last_step_.tokens};
  if (!HoldingPays({in, static_cast<int>(usual_drafts_ + 0.5)}, acceptance_, beside)) return;
  held_since_ = now;
  held_until_ = now + in + turnaround_ / 4 + (drafts_anew_ ? kHoldSlack : costs.At(1) / 4);
}

std::optional<SeqRows> Session::PrefillRows(int budget) {
  const auto chunk = NextChunk(spans_, cached_, PrefillEnd(), budget);
  if (!chunk) return std::nullopt;
  rows_.assign(text_.begin() + chunk->begin, text_.begin() + chunk->end);
  TakeHidden(HeadAlone() ? chunk->end : chunk->begin, chunk->end);
  stepping_ = false;
  return SeqRows{.seq = lease_->seq(),
                 .first = chunk->begin,
                 .tokens = rows_,
                 .bulk = chunk->bulk,
                 .logits = 0,
                 .hidden = hidden_};
}

// Drafts that never pay are tried now and then: what is believed of rows or drafts may be wrong, and only a
// step that judges some can tell.
int Session::Choose(int waiting, const StepSoFar& step) {
  const int paying = DraftsThatPay(waiting, acceptance_, step);
  if (paying > 0 || waiting == 0) {
    unpaid_steps_ = 0;
    return paying;
  }
  if (++unpaid_steps_ < kTryAfter) return 0;
  unpaid_steps_ = 0;
  return std::min(waiting, kTried);
}

std::optional<SeqRows> Session::StepRows(int budget, const StepSoFar& step, Micros now) {
  if (!WantsStep(now)) return std::nullopt;
  const bool credit = Length() < run_until_;
  const int waiting = static_cast<int>(waiting_.size());
  if (!credit && !rows_in_ && 1 + waiting > budget) return std::nullopt;
  if (budget < 1) return std::nullopt;
  // What it leaves waits for the next step; only an edge that waits for its verdict has all of them judged.
  taken_ = credit || rows_in_ ? Choose(std::min(waiting, budget - 1), step) : waiting;
  last_step_ = step;
  rows_.assign(1, text_.back());
  rows_.insert(rows_.end(), waiting_.begin(), waiting_.begin() + taken_);
  TakeHidden(Length() - 1, Length() + taken_);
  stepping_ = true;
  TakeUp(now);
  return SeqRows{.seq = lease_->seq(),
                 .first = Length() - 1,
                 .tokens = rows_,
                 .bulk = false,
                 .logits = static_cast<int>(rows_.size()),
                 .hidden = hidden_};
}

// The clocks of what the step answers.
void Session::TakeUp(Micros now) {
  if (held_since_ >= Micros{0}) {
    waited_ = std::max(Micros{0}, now - held_since_);
    // Held in vain: it will not be held again until drafts have shown how long they really take.
    if (taken_ == 0) turnaround_ = 2 * std::max(turnaround_, waited_);
  }
  held_since_ = Micros{-1};
  const bool answers = taken_ > 0 || Length() < asked_until_;
  while (!arrivals_.empty() && arrivals_.front().first <= Length()) arrivals_.pop_front();
  step_since_ = answers && !arrivals_.empty() ? arrivals_.front().second : now;
}

Result<std::optional<Frame>> Session::OnLogits(const LogitsView& logits, int first, const CostCurve& costs,
                                               Micros now) {
  last_active_ = std::max(last_active_, now);
  if (!stepping_) {
    cached_ += static_cast<Pos>(rows_.size());
    if (rows_in_) rows_in_->DropBefore(cached_);
    return TakeOpened(now);
  }
  Result<Verdict> verdict = JudgeRows(logits, first);
  if (!verdict) return Forward(verdict);
  if (Settle(*verdict)) told_at_ = now;
  cached_ = Length() - 1;
  if (rows_in_) rows_in_->DropBefore(cached_);
  if (Status s = lease_->engine().Truncate(lease_->seq(), cached_); !s) return Forward(s);
  HoldForDrafts(costs, now);
  verdict->server_us = static_cast<uint64_t>((now - step_since_).count());
  verdict->judged = taken_;
  verdict->waited_us = static_cast<uint64_t>(std::exchange(waited_, Micros{0}).count());
  return std::optional<Frame>(*verdict);
}

std::optional<Frame> Session::TakeOpened(Micros now) {
  if (opened_ || !Prefilled()) return std::nullopt;
  opened_ = true;
  told_at_ = now;
  const Micros took = std::max(Micros{0}, now - open_at_);
  return Opened{.length = opened_length_,
                .server_us = static_cast<uint64_t>(took.count()),
                .rows_us = static_cast<uint64_t>(std::min(took, rows_came_).count())};
}

Pos Session::Adopt(SeqId from, Pos length) {
  if (!lease_->engine().Copy(from, length, lease_->seq())) return 0;
  return length - std::exchange(cached_, length);
}

CachedText Session::TakeCache() {
  // A step that failed or was planned in vain may have left rows behind.
  (void)lease_->engine().Truncate(lease_->seq(), cached_);
  text_.resize(static_cast<size_t>(cached_));
  return {std::move(lease_), std::move(text_), std::move(spans_)};
}

// Extends the text by the drafts that stand and one token more. Where laws judge, the edge waits, so that no
// later draft is in flight and a bonus is taken.
Result<Verdict> Session::JudgeRows(const LogitsView& logits, int first) {
  const auto drafts = std::span<const Token>(rows_).subspan(1);
  WarpedLaws target(warper_, std::span<const Token>(text_).subspan(static_cast<size_t>(untold_)), drafts,
                    [&](size_t row) { return logits[first + static_cast<int>(row)]; });
  NoiseDraws draws;
  const DraftBlock block{
      .key = {warper_.params().seed, Length(), epoch_}, .ids = drafts, .laws = laws_, .bonus = true};
  const Ruling ruling = Judge(rule_, block, target, draws);
  if (ruling.token < 0 || ruling.token >= limits_.vocab)
    return Fail(ErrorCode::kInternal, "the target's logits at position {} choose no token",
                Length() + ruling.accepted);
  const Verdict verdict{
      .epoch = epoch_, .base = Length(), .accepted = ruling.accepted, .token = ruling.token};
  text_.insert(text_.end(), drafts.begin(), drafts.begin() + ruling.accepted);
  text_.push_back(ruling.token);
  stats_.committed += static_cast<uint64_t>(ruling.accepted) + 1;
  laws_.clear();
  return verdict;
}

// More drafts may wait than the step took up, so that one may wait for the bonus' place too. True when the
// epoch ended here.
bool Session::Settle(const Verdict& verdict) {
  const auto accepted = static_cast<size_t>(verdict.accepted);
  const bool drafted = accepted < waiting_.size();
  // Judged by laws, a draft that fell stays fallen, whatever took its place.
  const bool agrees = drafted && !NeedsLaws(rule_) && waiting_[accepted] == verdict.token;
  const size_t judged = accepted + (drafted ? 1 : 0);
  for (size_t i = 0; i < judged; ++i) acceptance_.Judge(static_cast<int>(i), i < accepted || agrees);
  stats_.verified += judged;
  stats_.accepted += accepted + (agrees ? 1 : 0);
  waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(judged));
  if (drafted && !agrees) EndEpoch(Length());
  return drafted && !agrees;
}

}  // namespace tandem
