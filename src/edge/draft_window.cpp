// See draft_window.h.
#include "edge/draft_window.h"

#include <algorithm>

namespace tandem {

bool DraftWindow::WantsDraft(const WindowRule& rule, int32_t room) const {
  if (ended_ || (rule.stop_and_wait && InFlight())) return false;
  // One chunk is kept ready behind the window; it goes out the moment there is room.
  // A closed window still wants one draft: whether it would have stood is how the planner learns.
  const int32_t ahead = rule.stop_and_wait ? rule.chunk : rule.window == 0 ? 1 : rule.window + rule.chunk;
  return Drafted() < std::min(ahead, room);
}

bool DraftWindow::ReadyToSend(const WindowRule& rule, int32_t room, int32_t worth) const {
  if (rule.stop_and_wait) return !InFlight() && !WantsDraft(rule, room);
  const int32_t unsent = Drafted() - sent_;
  if (rule.asks && !InFlight() && !WantsDraft(rule, room)) return true;  // with what there is
  const int32_t open = std::min(rule.window, worth) - sent_;
  if (unsent <= 0 || open <= 0) return false;
  // A whole chunk, or the last of the branch; not the last few ids of a window that a verdict will soon open.
  // The branch gets doubtful here: with nothing in flight, what is before the doubt goes out at once.
  if (worth < Drafted() && sent_ == 0) return true;
  return std::min(unsent, open) >= rule.chunk || (ended_ && unsent <= open) || sent_ + unsent >= room;
}

void DraftWindow::Add(Token id, bool ends_branch, double margin) {
  drafts_.push_back(id);
  margins_.push_back(margin);
  ended_ = ends_branch;
  ++stats_.drafted;
}

void DraftWindow::Add(Token id, bool ends_branch, SparseDraft law) {
  Add(id, ends_branch);
  laws_.push_back(std::move(law));
}

Drafts DraftWindow::Send(const WindowRule& rule, int32_t room) {
  const int32_t open = std::min(rule.stop_and_wait ? rule.chunk : rule.window, room) - sent_;
  const int32_t count = std::clamp(open, 0, Drafted() - sent_);
  Drafts frame{.epoch = epoch_, .base = base_ + sent_};
  const auto first = drafts_.begin() + sent_;
  frame.ids.assign(first, first + count);
  sent_ += count;
  stats_.sent += static_cast<uint64_t>(count);
  asked_ = true;
  return frame;
}

// A verdict of an epoch that this side has left says nothing of drafts: it is text that the cloud wrote
// before it heard that the branch is dead.
Status DraftWindow::Check(const Verdict& verdict) const {
  if (verdict.epoch > epoch_ || verdict.base != base_) {
    return Fail(ErrorCode::kProtocol, "a verdict for epoch {} position {}, expected epoch {} position {}",
                verdict.epoch, verdict.base, epoch_, base_);
  }
  const int32_t most = verdict.epoch == epoch_ ? sent_ : 0;
  if (verdict.accepted < 0 || verdict.accepted > verdict.judged || verdict.judged > most) {
    return Fail(ErrorCode::kProtocol, "a verdict of epoch {} accepts {} of {} judged drafts, {} were sent",
                verdict.epoch, verdict.accepted, verdict.judged, most);
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
  const bool keep_rest = was_drafted && !with_laws_ && drafts_[used] == verdict.token;
  settled.mismatch = was_sent && !keep_rest;
  settled.guessed = verdict.accepted + (keep_rest ? 1 : 0);
  settled.missed = was_drafted && !keep_rest;
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
    margins_.erase(margins_.begin(), margins_.begin() + static_cast<std::ptrdiff_t>(used));
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
  if (!with_laws_) return;
  DropDrafts();
  ++epoch_;
}

void DraftWindow::DropDrafts() {
  drafts_.clear();
  margins_.clear();
  laws_.clear();
  sent_ = 0;
  ended_ = false;
}

}  // namespace tandem
