// What a session does with activations where the model is cut; see session.h.
#include <algorithm>

#include "cloud/session.h"

namespace tandem {

Pos Session::PrefillEnd() const {
  const Pos end = Length() - 1;
  if (!rows_in_ || HeadAlone()) return end;
  return std::max(cached_, PrefillStart(spans_, std::min(end, rows_in_->end())));
}

bool Session::LacksRows() const {
  return rows_in_ && rows_in_->end() < Length() + static_cast<Pos>(waiting_.size());
}

void Session::TakeHidden(Pos begin, Pos end) {
  if (rows_in_) rows_in_->Copy(begin, end, hidden_);
}

size_t Session::RowBytes() const {
  return rows_in_ ? rows_in_->MostBytes(Length()) : 0;
}

// Rows of a branch that is dead are not decoded: their edge knows by now, or will.
Status Session::OnRows(const HiddenRows& rows, Micros now) {
  if (!rows_in_) return Fail(ErrorCode::kProtocol, "Rows in a session whose model is not cut");
  last_active_ = std::max(last_active_, now);
  if (rows.epoch < epoch_) {
    stats_.stale += rows.ids.size();
    return {};
  }
  if (!opened_) rows_came_ = std::max(Micros{0}, now - open_at_);
  const auto appended = rows_in_->Append(rows.first, rows.block, Length());
  if (!appended) return Forward(appended);
  if (!*appended || !rows.asks) return {};
  const int64_t last = int64_t{rows.base} + static_cast<int64_t>(rows.ids.size());
  if (last != rows_in_->end())
    return Fail(ErrorCode::kProtocol, "rows up to position {} with drafts up to {}", rows_in_->end(), last);
  return TakeDrafts({rows.epoch, rows.base, rows.ids}, now);
}

}  // namespace tandem
