// See split_front.h.
#include "edge/split_front.h"

#include <algorithm>

namespace tandem {

namespace {

// What a cloud without the head hears of an Open: how long the text is and where its prompts are.
Open WithoutIds(const Open& open) {
  Open bare{.spans = open.spans, .sampling = {}, .epoch = open.epoch, .cut = open.cut};
  bare.cut->untold = static_cast<Pos>(open.Length());
  return bare;
}

}  // namespace

SplitFront::SplitFront(Engine& engine, RowCodec codec, int begin, int layers)
    : engine_(engine),
      codec_(std::move(codec)),
      whole_(begin == layers),
      most_rows_(codec_.RowsThatFit(kBulkRows, kMaxRowsBytes)) {}

Status SplitFront::Pass(Bytes bytes, std::span<const Token> text, const Sink& sink) {
  const Result<Frame> frame = Decode(bytes);
  if (!frame) return Forward(frame);
  computed_ = 0;
  if (const auto* drafts = std::get_if<Drafts>(&*frame)) return Continue(*drafts, text, sink);
  const auto* open = std::get_if<Open>(&*frame);
  head_here_ = open != nullptr ? open->cut && open->cut->HeadAtEdge() : head_here_;
  sink(open != nullptr && head_here_ ? Encode(WithoutIds(*open)) : std::move(bytes));
  return open != nullptr ? Begin(*open, text, sink) : Status();
}

Status SplitFront::Begin(const Open& open, std::span<const Token> text, const Sink& sink) {
  follower_.emplace(engine_, open.spans);  // every row is wanted again
  if (prompt_ < 0) prompt_ = static_cast<Pos>(text.size()) - 1;
  branch_.assign(text.begin(), text.end() - 1);
  sent_ = whole_ ? static_cast<Pos>(branch_.size()) : 0;
  return Advance(nullptr, open.epoch, sink);
}

Status SplitFront::Continue(const Drafts& drafts, std::span<const Token> text, const Sink& sink) {
  std::vector<Token> branch(text.begin(), text.end());
  const auto in_flight = static_cast<size_t>(drafts.base);
  if (in_flight > branch.size() && in_flight <= branch_.size())
    branch.insert(branch.end(), branch_.begin() + static_cast<std::ptrdiff_t>(branch.size()),
                  branch_.begin() + static_cast<std::ptrdiff_t>(in_flight));
  branch.insert(branch.end(), drafts.ids.begin(), drafts.ids.end());
  const auto differs = std::mismatch(branch_.begin(), branch_.end(), branch.begin(), branch.end());
  sent_ = std::min(sent_, static_cast<Pos>(differs.first - branch_.begin()));
  branch_ = std::move(branch);
  if (sent_ < static_cast<Pos>(branch_.size()))
    return Advance(head_here_ ? nullptr : &drafts, drafts.epoch, sink);
  // The cloud has every row: those of drafts that its own tokens confirmed.
  if (!head_here_) sink(Encode(drafts));
  return {};
}

// The end of the message that begins at `first`. Rows of a codec whose messages share something are
// partitioned alike whenever they are sent: a prompt's by chunks, what is generated one by one.
Pos SplitFront::MessageEnd(Pos first, Pos end) const {
  if (!codec_.RowLocal() && first >= prompt_) return first + 1;
  Pos last = std::min(end, first + static_cast<Pos>(most_rows_));
  if (!codec_.RowLocal()) last = std::min(last, std::max(prompt_, first + 1));
  return last;
}

Result<std::vector<HiddenRows>> SplitFront::Code(std::span<const float> rows, Pos first) {
  const auto end = first + static_cast<Pos>(rows.size() / codec_.width());
  std::vector<HiddenRows> frames;
  for (Pos at = first; at < end;) {
    const Pos next = MessageEnd(at, end);
    const auto count = static_cast<size_t>(next - at);
    auto block =
        codec_.Encode({rows.subspan(static_cast<size_t>(at - first) * codec_.width(), count * codec_.width()),
                       codec_.width()},
                      at);
    if (!block) return Forward(block);
    frames.push_back({.first = at, .block = std::move(*block)});
    at = next;
  }
  return frames;
}

Status SplitFront::Advance(const Drafts* drafts, uint32_t epoch, const Sink& sink) {
  const auto end = static_cast<Pos>(branch_.size());
  for (Pos last = 0; last < end;) {
    auto next = follower_->Next(branch_);
    if (!next) return Forward(next);
    last = next->first + static_cast<Pos>(next->tokens.size());
    const Pos wanted = std::max<Pos>(0, last - std::max(sent_, next->first));
    next->logits = wanted;
    const auto out = engine_.Step({&*next, 1});
    if (!out) {
      follower_->Failed();
      return Forward(out);
    }
    follower_->Done();
    computed_ += static_cast<int>(next->tokens.size());
    if (wanted == 0) continue;
    const std::span<const float> rows((*out)[out->rows() - wanted].data(),
                                      static_cast<size_t>(wanted) * codec_.width());
    auto frames = Code(rows, last - wanted);
    if (!frames) return Forward(frames);
    for (HiddenRows& frame : *frames) {
      frame.epoch = epoch;
      sent_ = &frame == &frames->back() ? last : sent_;
      if (drafts != nullptr && sent_ == end && &frame == &frames->back()) {
        frame.asks = true;
        frame.base = drafts->base;
        frame.ids = drafts->ids;
      }
      sink(Encode(frame));
    }
  }
  return {};
}

}  // namespace tandem
