// See draft_window.h.
#include "edge/draft_window.h"

#include <algorithm>

namespace tandem {

void DraftWindow::Add(Token id, bool ends_block) {
  drafts_.push_back(id);
  ended_ = ends_block;
  ++stats_.drafted;
}

Drafts DraftWindow::Send(int32_t block) {
  const auto count = std::min(drafts_.size(), static_cast<size_t>(std::max(block, 0)));
  Drafts frame{.epoch = epoch_, .base = base_};
  frame.ids.assign(drafts_.begin(), drafts_.begin() + static_cast<std::ptrdiff_t>(count));
  sent_ = static_cast<int32_t>(count);
  stats_.sent += count;
  asked_ = true;
  return frame;
}

Status DraftWindow::Check(const Verdict& verdict) const {
  if (verdict.epoch != epoch_ || verdict.base != base_) {
    return Fail(ErrorCode::kProtocol, "a verdict for epoch {} position {}, expected epoch {} position {}",
                verdict.epoch, verdict.base, epoch_, base_);
  }
  if (verdict.accepted < 0 || verdict.accepted > sent_) {
    return Fail(ErrorCode::kProtocol, "a verdict accepts {} drafts of {} sent", verdict.accepted, sent_);
  }
  return {};
}

Result<Settled> DraftWindow::Take(const Verdict& verdict) {
  if (Status s = Check(verdict); !s) return Forward(s);
  Settled settled;
  settled.drafts = verdict.accepted;
  settled.tokens.assign(drafts_.begin(), drafts_.begin() + verdict.accepted);
  settled.tokens.push_back(verdict.token);
  // The draft at the place of the cloud's own token, if there is one, has met its judge as well.
  size_t used = static_cast<size_t>(verdict.accepted);
  const bool was_sent = verdict.accepted < sent_;
  const bool was_drafted = used < drafts_.size();
  const bool keep_rest = was_drafted && drafts_[used] == verdict.token;
  settled.mismatch = was_sent && !keep_rest;
  settled.drafts += was_sent && keep_rest ? 1 : 0;
  used += was_drafted ? 1 : 0;
  stats_.accepted += static_cast<uint64_t>(settled.drafts);
  stats_.verified += static_cast<uint64_t>(settled.drafts) + (settled.mismatch ? 1 : 0);
  const int32_t judged = std::min(sent_, static_cast<int32_t>(used));
  base_ += static_cast<Pos>(settled.tokens.size());
  if (!keep_rest) {
    stats_.stale += static_cast<uint64_t>(sent_ - judged);
    DropDrafts();
    epoch_ += settled.mismatch ? 1 : 0;
  } else {
    drafts_.erase(drafts_.begin(), drafts_.begin() + static_cast<std::ptrdiff_t>(used));
    sent_ -= judged;
  }
  if (drafts_.empty()) ended_ = false;
  asked_ = sent_ > 0;
  return settled;
}

void DraftWindow::LinkLost() {
  stats_.stale += static_cast<uint64_t>(sent_);
  sent_ = 0;
  asked_ = false;
}

void DraftWindow::DropDrafts() {
  drafts_.clear();
  sent_ = 0;
  ended_ = false;
}

}  // namespace tandem
