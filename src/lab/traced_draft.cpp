// See traced_draft.h.
#include "lab/traced_draft.h"

#include <algorithm>

namespace tandem {

namespace {

constexpr double kMostMargin = 60;  // in place of an infinite one

}  // namespace

TracedDraft::TracedDraft(const FakeEngineConfig& target, std::vector<DraftMoment> moments, size_t begin)
    : twin_(target), moments_(std::move(moments)), begin_(begin) {}

void TracedDraft::Play(std::span<const float> truth, Pos position, float* out) const {
  const DraftMoment& moment = moments_[(begin_ + static_cast<size_t>(position)) % moments_.size()];
  const auto best = static_cast<size_t>(std::max_element(truth.begin(), truth.end()) - truth.begin());
  std::fill_n(out, truth.size(), 0.0f);
  out[moment.stands ? best : (best + 1) % truth.size()] =
      static_cast<float>(std::clamp(moment.margin, 1e-6, kMostMargin));
}

Result<LogitsView> TracedDraft::Step(std::span<const SeqRows> batch) {
  const Result<LogitsView> truth = twin_.Step(batch);
  if (!truth) return truth;
  const int vocab = info().vocab_size;
  logits_.resize(static_cast<size_t>(truth->rows()) * static_cast<size_t>(vocab));
  int row = 0;
  for (const SeqRows& rows : batch) {
    const Pos end = rows.first + static_cast<Pos>(rows.tokens.size());
    for (Pos position = end - rows.logits + 1; position <= end; ++position, ++row)
      Play((*truth)[row], position, logits_.data() + static_cast<size_t>(row) * static_cast<size_t>(vocab));
  }
  return LogitsView(logits_.data(), truth->rows(), vocab, vocab);
}

}  // namespace tandem
