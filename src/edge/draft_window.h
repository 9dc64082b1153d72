// The window of speculation: drafts for positions base, base + 1, ... of which the first `sent` are with the
// cloud. It slides: drafts go out in chunks while the window is open, verdicts are taken as they come, and
// what is drafted beyond the window stays here until there is room. With stop_and_wait it is one block at a
// time: drafted, sent whole, judged whole.
#pragma once

#include <cstdint>
#include <limits>
#include <vector>

#include "base/result.h"
#include "base/sparse_draft.h"
#include "base/types.h"
#include "wire/frame.h"

namespace tandem {

// How a window moves. The planner changes it while the text runs.
struct WindowRule {
  int32_t chunk = 3;   // ids of a frame, except where a branch ends
  int32_t window = 3;  // ids that may be with the cloud unjudged; 0: nothing is sent
  bool stop_and_wait = true;
  bool asks = false;  // the cloud does not stream: a window that runs dry asks for one token
  friend bool operator==(const WindowRule&, const WindowRule&) = default;
};

// What a verdict settles: ids to commit, in order.
struct Settled {
  std::vector<Token> tokens;
  int32_t drafts = 0;     // how many of them were sent drafts that stand; the rest is the cloud's
  int32_t guessed = 0;    // how many of them the edge had drafted alike, sent or not
  bool missed = false;    // the edge had another draft, sent or not, behind those
  bool mismatch = false;  // a draft that was sent differs from the cloud's text: the epoch ended
};

struct WindowStats {
  uint64_t drafted = 0, sent = 0, verified = 0, accepted = 0, stale = 0;
};

class DraftWindow {
 public:
  // with_laws: drafts are judged by the laws that they were drawn from (rules token and block), block by
  // block.
  explicit DraftWindow(Pos base, bool with_laws = false) : base_(base), with_laws_(with_laws) {}

  // `room`: how many drafts the text has room for now. A branch also ends where Add says so (an
  // end-of-generation token).
  bool WantsDraft(const WindowRule& rule, int32_t room) const;
  bool ReadyToSend(const WindowRule& rule, int32_t room) const { return ReadyToSend(rule, room, room); }
  // `worth`: how many of the drafts are likely enough to be judged to be sent, at most room.
  bool ReadyToSend(const WindowRule& rule, int32_t room, int32_t worth) const;

  // margin: how clearly it was drawn (sample/race.h); infinite: not known.
  void Add(Token id, bool ends_branch, double margin = std::numeric_limits<double>::infinity());
  void Add(Token id, bool ends_branch, SparseDraft law);
  // The frame that sends what is ready and fits; under stop_and_wait, without drafts, it asks for one token.
  Drafts Send(const WindowRule& rule, int32_t room);

  // kProtocol when the verdict answers nothing of this window. Its token is in the vocabulary: the caller has
  // looked.
  Result<Settled> Take(const Verdict& verdict);
  // The cloud's session is gone: what was in flight is thrown away unjudged and may be sent again. With laws
  // it is drafted anew in a new epoch: the next block may have another length, and its draws must be its own.
  void LinkLost();

  bool InFlight() const { return asked_; }  // a frame waits for its verdict
  int32_t unjudged() const { return sent_; }
  uint32_t epoch() const { return epoch_; }
  const std::vector<Token>& drafts() const { return drafts_; }
  const std::vector<double>& margins() const { return margins_; }  // of drafts()
  const std::vector<SparseDraft>& laws() const { return laws_; }   // of drafts(), with laws
  const WindowStats& stats() const { return stats_; }

 private:
  int32_t Drafted() const { return static_cast<int32_t>(drafts_.size()); }
  Status Check(const Verdict& verdict) const;
  void DropDrafts();

  Pos base_;  // committed length
  bool with_laws_;
  std::vector<Token> drafts_;  // for base_, base_ + 1, ...
  std::vector<double> margins_;
  std::vector<SparseDraft> laws_;
  int32_t sent_ = 0;    // the first so many are with the cloud
  bool asked_ = false;  // a frame waits for its verdict
  bool ended_ = false;
  uint32_t epoch_ = 0;
  WindowStats stats_;
};

}  // namespace tandem
