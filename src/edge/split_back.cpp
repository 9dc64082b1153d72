// See split_back.h.
#include "edge/split_back.h"

#include <algorithm>

#include "decode/prefill.h"
#include "sample/judge.h"

namespace tandem {

SplitBack::SplitBack(Engine& engine, RowCodec codec) : engine_(engine), codec_(std::move(codec)) {}

SplitBack::~SplitBack() {
  if (seq_) engine_.Close(*seq_);
}

Status SplitBack::Leaves(const Frame& frame) {
  if (const auto* open = std::get_if<Open>(&frame)) return Begin(*open);
  const auto* drafts = std::get_if<Drafts>(&frame);
  if (drafts == nullptr) return {};
  asked_ = asked_ || drafts->ids.empty();
  waiting_.insert(waiting_.end(), drafts->ids.begin(), drafts->ids.end());
  return {};
}

Status SplitBack::Begin(const Open& open) {
  if (!seq_) {
    const Result<SeqId> opened = engine_.Open();
    if (!opened) return Forward(opened);
    seq_ = *opened;
  }
  if (Status s = engine_.Truncate(*seq_, 0); !s) return s;
  rows_.emplace(codec_, 0, engine_.info().context, 0);
  spans_ = open.spans;
  warper_.emplace(open.sampling);
  epoch_ = open.epoch;
  prompt_ = static_cast<Pos>(open.Length()) - 1;
  cached_ = 0;
  waiting_.clear();
  asked_ = false;
  return {};
}

// Rows of a branch that the loop has left since they went out are nobody's.
Status SplitBack::Take(const HiddenBack& rows) {
  if (!rows_) return Fail(ErrorCode::kProtocol, "rows before a session");
  if (rows.epoch > epoch_)
    return Fail(ErrorCode::kProtocol, "rows of epoch {}, the session is at {}", rows.epoch, epoch_);
  if (rows.epoch < epoch_) return {};
  // What is with the cloud: the prompt, later the text up to its last id, and drafts.
  const Pos sent = cached_ < prompt_ ? prompt_ : cached_ + 1 + static_cast<Pos>(waiting_.size());
  const auto fresh = rows_->Append(rows.first, rows.block, sent);
  if (!fresh) return Fail(ErrorCode::kProtocol, "{}", fresh.error().message);
  server_us_ = rows.server_us;
  return Prefill();
}

Status SplitBack::Prefill() {
  while (cached_ < prompt_) {
    const auto chunk = NextChunk(spans_, cached_, std::min(prompt_, rows_->end()), engine_.info().max_rows);
    if (!chunk) return {};
    const auto done = Step(chunk->end, chunk->bulk, 0);
    if (!done) return Forward(done);
    cached_ = chunk->end;
    rows_->DropBefore(cached_);
  }
  return {};
}

Result<LogitsView> SplitBack::Step(Pos end, bool bulk, int logits) {
  places_.assign(static_cast<size_t>(end - cached_), kNoToken);
  rows_->Copy(cached_, end, hidden_);
  const SeqRows rows{
      .seq = *seq_, .first = cached_, .tokens = places_, .bulk = bulk, .logits = logits, .hidden = hidden_};
  return engine_.Step({&rows, 1});
}

Result<std::optional<Verdict>> SplitBack::Next(std::span<const Token> text) {
  const auto length = static_cast<Pos>(text.size());
  if (!rows_ || (waiting_.empty() && !asked_) || cached_ != length - 1 || rows_->end() < length)
    return std::nullopt;
  const Pos here = std::min(rows_->end() - length, engine_.info().max_rows - 1);
  const std::vector<Token> drafts(
      waiting_.begin(), waiting_.begin() + std::min(static_cast<std::ptrdiff_t>(here), std::ssize(waiting_)));
  const auto end = length + static_cast<Pos>(drafts.size());
  const auto logits = Step(end, false, end - cached_);
  if (!logits) return Forward(logits);
  const auto verdict = Judge(*logits, text, drafts);
  if (!verdict) return Forward(verdict);
  if (Status s = Settle(*verdict); !s) return Forward(s);
  return std::optional(*verdict);
}

Result<Verdict> SplitBack::Judge(const LogitsView& logits, std::span<const Token> text,
                                 std::span<const Token> drafts) {
  WarpedLaws target(*warper_, text, drafts, [&](size_t row) { return logits[static_cast<int>(row)]; });
  NoiseDraws draws;
  const auto base = static_cast<Pos>(text.size());
  const DraftBlock block{.key = {warper_->params().seed, base, epoch_}, .ids = drafts, .bonus = true};
  const Ruling ruling = tandem::Judge(Rule::kCoupled, block, target, draws);
  if (ruling.token < 0 || ruling.token >= engine_.info().vocab_size)
    return Fail(ErrorCode::kInternal, "the logits at position {} choose no token", base + ruling.accepted);
  return Verdict{.epoch = epoch_,
                 .base = base,
                 .accepted = ruling.accepted,
                 .token = ruling.token,
                 .server_us = server_us_,
                 .judged = static_cast<int32_t>(drafts.size())};
}

// As Session::Settle: a draft that is left may be what the verdict's own token says.
Status SplitBack::Settle(const Verdict& verdict) {
  const auto accepted = static_cast<size_t>(verdict.accepted);
  const bool drafted = accepted < waiting_.size();
  const bool agrees = drafted && waiting_[accepted] == verdict.token;
  waiting_.erase(waiting_.begin(),
                 waiting_.begin() + static_cast<std::ptrdiff_t>(accepted + (drafted ? 1 : 0)));
  asked_ = false;
  cached_ = verdict.base + verdict.accepted;
  rows_->DropBefore(cached_);
  if (drafted && !agrees) {
    ++epoch_;
    waiting_.clear();
    rows_->Truncate(cached_);
  }
  return engine_.Truncate(*seq_, cached_);
}

}  // namespace tandem
