// See row_pipe.h.
#include "cloud/row_pipe.h"

#include <algorithm>

#include "decode/prefill.h"

namespace tandem {

Status RowPipe::Check(const Open& open) {
  if (open.ids.empty()) return {};
  return Fail(ErrorCode::kProtocol, "Open tells {} ids though the head is the edge's", open.ids.size());
}

RowPipe::RowPipe(std::unique_ptr<SequenceLease> lease, const Open& open, RowBuffer rows, RowCodec back,
                 Micros now)
    : lease_(std::move(lease)),
      spans_(open.spans),
      rows_in_(std::move(rows)),
      back_(std::move(back), kBulkRows, kMaxRowsBytes),
      opened_length_(static_cast<Pos>(open.Length())),
      epoch_(open.epoch),
      open_at_(now),
      last_active_(now) {}

Status RowPipe::OnRows(const HiddenRows& rows, Micros now) {
  if (rows.asks)
    return Fail(ErrorCode::kProtocol, "rows with {} drafts though the head is the edge's", rows.ids.size());
  last_active_ = std::max(last_active_, now);
  if (rows.epoch < epoch_) return {};
  if (rows.epoch > epoch_) {
    if (Status s = GoBack(rows.epoch, rows.first); !s) return s;
  }
  const auto appended = rows_in_.Append(rows.first, rows.block, TextEnd());
  if (!appended) return Forward(appended);
  if (*appended) arrivals_.push_back({rows_in_.end(), now});
  return {};
}

// Whether rows are missing before `first` is Append's to say.
Status RowPipe::GoBack(uint32_t epoch, Pos first) {
  if (PrefillStart(spans_, first) != first)
    return Fail(ErrorCode::kProtocol, "rows from position {} on are replaced, within a prompt's block of {}",
                first, kBulkRows);
  epoch_ = epoch;
  rows_in_.Truncate(first);
  while (!arrivals_.empty() && arrivals_.back().first > first) arrivals_.pop_back();
  back_to_ = std::min(first, back_to_.value_or(first));
  return stepping_ ? Status() : Rewind();
}

Status RowPipe::Rewind() {
  const Pos to = std::exchange(back_to_, std::nullopt).value_or(cached_);
  if (to >= cached_) return {};
  cached_ = to;
  return lease_->engine().Truncate(lease_->seq(), cached_);
}

bool RowPipe::WantsStep() const {
  return PrefillStart(spans_, rows_in_.end()) > cached_;
}

std::optional<SeqRows> RowPipe::StepRows(int budget) {
  const auto chunk = NextChunk(spans_, cached_, rows_in_.end(), budget);
  if (!chunk) return std::nullopt;
  rows_in_.Copy(chunk->begin, chunk->end, hidden_);
  places_.assign(static_cast<size_t>(chunk->end - chunk->begin), kNoToken);
  bulk_ = chunk->bulk;
  step_epoch_ = epoch_;
  stepping_ = true;
  return SeqRows{.seq = lease_->seq(),
                 .first = chunk->begin,
                 .tokens = places_,
                 .bulk = bulk_,
                 .logits = 0,
                 .hidden = hidden_};
}

Micros RowPipe::ArrivalOf(Pos end, Micros now) const {
  const auto brought = std::find_if(arrivals_.begin(), arrivals_.end(),
                                    [end](const auto& arrival) { return arrival.first >= end; });
  return brought == arrivals_.end() ? now : brought->second;
}

Result<std::vector<Frame>> RowPipe::Code(const LogitsView& rows, int first, Micros now) const {
  const auto end = cached_ + static_cast<Pos>(places_.size());
  const std::span<const float> values(rows[first].data(), places_.size() * back_.codec().width());
  auto messages = back_.Code({values, cached_, bulk_ ? end : cached_});
  if (!messages) return Forward(messages);
  std::vector<Frame> frames;
  for (RowMessage& message : *messages) {
    const Micros took = std::max(Micros{0}, now - ArrivalOf(message.end, now));
    frames.push_back(HiddenBack{.epoch = epoch_,
                                .first = message.first,
                                .server_us = static_cast<uint64_t>(took.count()),
                                .block = std::move(message.block)});
  }
  return frames;
}

Result<std::vector<Frame>> RowPipe::OnComputed(const LogitsView& rows, int first, Micros now) {
  last_active_ = std::max(last_active_, now);
  stepping_ = false;
  Result<std::vector<Frame>> frames;
  if (step_epoch_ == epoch_) frames = Code(rows, first, now);
  if (!frames) return frames;
  cached_ += static_cast<Pos>(places_.size());
  if (Status s = Rewind(); !s) return Forward(s);
  rows_in_.DropBefore(cached_);
  while (!arrivals_.empty() && arrivals_.front().first <= cached_) arrivals_.pop_front();
  if (auto opened = TakeOpened(now)) frames->push_back(std::move(*opened));
  return frames;
}

std::optional<Frame> RowPipe::TakeOpened(Micros now) {
  if (opened_ || cached_ < opened_length_ - 1) return std::nullopt;
  opened_ = true;
  const Micros took = std::max(Micros{0}, now - open_at_);
  return Opened{.length = opened_length_, .server_us = static_cast<uint64_t>(took.count())};
}

// As far as is known of a text whose ids are the edge's alone: a token comes behind what went back.
Pos RowPipe::TextEnd() const {
  return std::max(opened_length_, cached_ + 1);
}

Pos RowPipe::positions() const {
  return std::max(opened_length_, rows_in_.end());
}

}  // namespace tandem
