// A link that is dead now and then, as arithmetic. The k-th cut (k = 1, 2, ...) lasts from k * every to
// k * every + length, counted from the link's start; while it lasts the link's own time stands still.
#pragma once

#include "base/types.h"

namespace tandem {

struct LinkCuts {
  Micros every{0};   // from the begin of one cut to the begin of the next; 0: no cuts
  Micros length{0};  // of each; less than every

  friend bool operator==(const LinkCuts&, const LinkCuts&) = default;

  bool Any() const { return every > Micros{0} && length > Micros{0}; }

  // Times are counted from the link's start.
  bool Cut(Micros t) const { return t < UpAgain(t); }
  Micros UpAgain(Micros t) const;      // t itself, or the end of the cut that t lies in
  int64_t Begun(Micros t) const;       // cuts that have begun until t
  Micros Uptime(Micros t) const;       // of [0, t), what lies outside of cuts
  Micros TimeOf(Micros uptime) const;  // the first moment outside of cuts with that Uptime
};

}  // namespace tandem
