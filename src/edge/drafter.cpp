// See drafter.h.
#include "edge/drafter.h"

#include <algorithm>

namespace tandem {

Drafter::Drafter(Engine& engine, std::vector<PromptSpan> spans) : engine_(engine), spans_(std::move(spans)) {}

Drafter::~Drafter() {
  if (seq_) engine_.Close(*seq_);
}

Status Drafter::Rewind(Pos length) {
  if (length == static_cast<Pos>(cached_.size())) return {};
  if (Status s = engine_.Truncate(*seq_, length); !s) return s;
  cached_.resize(static_cast<size_t>(length));
  return {};
}

Result<SeqRows> Drafter::Next(std::span<const Token> text) {
  if (text.size() > static_cast<size_t>(context())) {
    return Fail(ErrorCode::kContext, "a text of {} tokens exceeds the edge model's context of {}",
                text.size(), context());
  }
  if (!seq_) {
    Result<SeqId> opened = engine_.Open();
    if (!opened) return Forward(opened);
    seq_ = *opened;
  }
  // The last id is always computed again: its row's logits are what is asked for.
  const size_t limit = std::min(cached_.size(), text.size() - 1);
  const auto common =
      std::mismatch(cached_.begin(), cached_.begin() + static_cast<std::ptrdiff_t>(limit), text.begin());
  const Pos keep = PrefillStart(spans_, static_cast<Pos>(common.first - cached_.begin()));
  if (Status s = Rewind(keep); !s) return Forward(s);

  const Pos end = static_cast<Pos>(text.size());
  const PrefillChunk chunk = PlanPrefill(spans_, keep, end, engine_.info().max_rows).front();
  rows_.assign(text.begin() + chunk.begin, text.begin() + chunk.end);
  return SeqRows{.seq = *seq_,
                 .first = chunk.begin,
                 .tokens = rows_,
                 .bulk = chunk.bulk,
                 .logits = chunk.end == end ? 1 : 0};
}

void Drafter::Done() {
  cached_.insert(cached_.end(), rows_.begin(), rows_.end());
  rows_.clear();
}

void Drafter::Failed() {
  rows_.clear();
}

}  // namespace tandem
