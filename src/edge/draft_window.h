// The window of speculation: drafts for positions base, base + 1, ... of which the first `sent` are with the
// cloud. Today one block of fixed length is in it at a time: it is drafted, sent whole, judged whole. A
// sliding window changes WantsDraft and ReadyToSend and nothing else: verdicts are taken as they come.
#pragma once

#include <cstdint>
#include <vector>

#include "base/result.h"
#include "base/types.h"
#include "wire/frame.h"

namespace tandem {

// What a verdict settles: ids to commit, in order.
struct Settled {
  std::vector<Token> tokens;
  int32_t drafts = 0;     // how many of them were drafts that stand; the rest is the cloud's
  bool mismatch = false;  // a draft that was sent differs from the cloud's text: the epoch ended
};

struct WindowStats {
  uint64_t drafted = 0, sent = 0, verified = 0, accepted = 0, stale = 0;
};

class DraftWindow {
 public:
  explicit DraftWindow(Pos base) : base_(base) {}

  // `block`: how long a block may be now. A block also ends where Add says so (an end-of-generation token).
  bool WantsDraft(int32_t block) const {
    return !InFlight() && !ended_ && static_cast<int32_t>(drafts_.size()) < block;
  }
  bool ReadyToSend(int32_t block) const { return !InFlight() && !WantsDraft(block); }

  void Add(Token id, bool ends_block);
  // The frame that sends what is ready, at most `block` ids; without drafts it asks the cloud for one token.
  Drafts Send(int32_t block);

  // kProtocol when the verdict answers nothing of this window. Its token is in the vocabulary: the caller has
  // looked.
  Result<Settled> Take(const Verdict& verdict);
  // The cloud's session is gone: what was in flight is thrown away unjudged and may be sent again.
  void LinkLost();

  bool InFlight() const { return asked_; }
  uint32_t epoch() const { return epoch_; }
  const std::vector<Token>& drafts() const { return drafts_; }
  const WindowStats& stats() const { return stats_; }

 private:
  Status Check(const Verdict& verdict) const;
  void DropDrafts();

  Pos base_;                   // committed length
  std::vector<Token> drafts_;  // for base_, base_ + 1, ...
  int32_t sent_ = 0;           // the first so many are with the cloud
  bool asked_ = false;         // a frame waits for its verdict
  bool ended_ = false;
  uint32_t epoch_ = 0;
  WindowStats stats_;
};

}  // namespace tandem
