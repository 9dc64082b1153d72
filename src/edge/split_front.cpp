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

SplitFront::SplitFront(Engine& engine, RowCodec codec, int begin, int layers,
                       std::optional<ChunkImportance> importance)
    : engine_(engine),
      importance_(std::move(importance)),
      messages_(std::move(codec), kBulkRows, kMaxRowsBytes,
                importance_ ? importance_->choice() : RowChoice::kShare),
      whole_(begin == layers) {}

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
  if (importance_) importance_->Begin();
  prompt_ = open.spans.empty() ? 0 : open.spans.back().end - 1;
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

void SplitFront::Leave(std::vector<RowMessage> messages, const Drafts* drafts, uint32_t epoch,
                       const Sink& sink) {
  for (RowMessage& message : messages) {
    HiddenRows rows{.epoch = epoch, .first = message.first, .block = std::move(message.block)};
    sent_ = message.end;
    if (drafts != nullptr && sent_ == static_cast<Pos>(branch_.size())) {
      rows.asks = true;
      rows.base = drafts->base;
      rows.ids = drafts->ids;
    }
    sink(Encode(rows));
  }
}

Result<LogitsView> SplitFront::Step(const SeqRows& rows) {
  auto out = Weighs() ? importance_->Step(engine_, rows) : engine_.Step({&rows, 1});
  out ? follower_->Done() : follower_->Failed();
  return out;
}

// The last `wanted` of the rows that came out, of the positions from `first` on.
Result<std::vector<RowMessage>> SplitFront::Code(const LogitsView& out, Pos first, Pos wanted,
                                                 bool weighed) const {
  const std::span<const float> rows(out[out.rows() - wanted].data(),
                                    static_cast<size_t>(wanted) * messages_.codec().width());
  if (!weighed) return messages_.Code({rows, first, prompt_});
  const auto importance = importance_->OfChunk();
  if (!importance) return Forward(importance);
  return messages_.Code({rows, first, prompt_, std::span(*importance).last(static_cast<size_t>(wanted))});
}

Status SplitFront::Advance(const Drafts* drafts, uint32_t epoch, const Sink& sink) {
  const auto end = static_cast<Pos>(branch_.size());
  for (Pos last = 0; last < end;) {
    // Rows that are weighed are computed up to where they are coded together: no query behind it has a say,
    // also when the session is rebuilt with more text.
    const bool weighed = Weighs();
    const Pos to = weighed ? std::min(prompt_, end) : end;
    auto next = follower_->Next(std::span(branch_).first(static_cast<size_t>(to)));
    if (!next) return Forward(next);
    last = next->first + static_cast<Pos>(next->tokens.size());
    const Pos wanted = std::max<Pos>(0, last - std::max(sent_, next->first));
    next->logits = wanted;
    const auto out = Step(*next);
    if (!out) return Forward(out);
    computed_ += static_cast<int>(next->tokens.size());
    if (wanted == 0) continue;
    auto messages = Code(*out, last - wanted, wanted, weighed);
    if (!messages) return Forward(messages);
    Leave(std::move(*messages), drafts, epoch, sink);
  }
  return {};
}

}  // namespace tandem
