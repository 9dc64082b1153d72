// Texts that begin alike are prefilled once: a session takes over the rows that other sessions, or the last
// texts that ended, have in their caches, and waits for those that another one is about to compute. A common
// system prompt, the turns of a chat and a text that is rebuilt after a lost connection come cheap by it.
//
// The price: who knows a prompt can tell from its time to the first token that somebody used it lately. A
// cache of 0 texts shares nothing.
#pragma once

#include <list>
#include <memory>
#include <span>

#include "cloud/cached_text.h"
#include "cloud/session.h"

namespace tandem {

using Sessions = std::span<const std::shared_ptr<Session>>;

// One thread at a time.
class PrefixCache {
 public:
  explicit PrefixCache(int most) : most_(most) {}

  // A text has ended: its cache is kept, the one that was of use longest ago makes way. Short texts are not
  // worth their place.
  void Keep(CachedText text);
  // Gives up the text that was of use longest ago; false when there is none.
  bool DropOldest();

  // Copies to a session in prefill what `all` sessions and the kept texts hold of its prompt. Returns the
  // rows.
  Pos Serve(Session& session, Sessions all);
  // True when another session in prefill is ahead on the same prompt: its rows will serve this one.
  bool HadBetterWait(const Session& session, Sessions all) const;

  int texts() const { return static_cast<int>(kept_.size()); }
  int64_t positions() const;  // that the kept texts take

 private:
  int most_;
  std::list<CachedText> kept_;  // the one of use last comes first
};

}  // namespace tandem
