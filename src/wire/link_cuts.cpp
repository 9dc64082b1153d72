// See link_cuts.h.
#include "wire/link_cuts.h"

#include <algorithm>

namespace tandem {

int64_t LinkCuts::Begun(Micros t) const {
  return Any() && t >= every ? t / every : 0;
}

Micros LinkCuts::UpAgain(Micros t) const {
  const int64_t begun = Begun(t);
  return begun == 0 ? t : std::max(t, begun * every + length);
}

Micros LinkCuts::Uptime(Micros t) const {
  const int64_t begun = Begun(t);
  return begun == 0 ? t : UpAgain(t) - begun * length;
}

Micros LinkCuts::TimeOf(Micros uptime) const {
  if (!Any() || uptime < every) return uptime;
  const int64_t begun = 1 + (uptime - every) / (every - length);
  return uptime + begun * length;
}

}  // namespace tandem
