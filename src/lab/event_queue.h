// Virtual time for simulations: events run in order of their time, equal times in the order they were set.
// Everything that happens in a simulation happens in one of them, so a run is a function of its seed.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <utility>

#include "base/clock.h"

namespace tandem {

class EventQueue {
 public:
  Micros Now() const { return clock_.Now(); }

  // Runs `event` at `when`, or now if that is past.
  void At(Micros when, std::function<void()> event) {
    events_.emplace(std::pair{std::max(when, Now()), next_++}, std::move(event));
  }
  void After(Micros delay, std::function<void()> event) { At(Now() + delay, std::move(event)); }

  // Runs events until none is left. False when more than `most` ran: something goes round in circles.
  bool RunAll(uint64_t most) {
    for (uint64_t ran = 0; !events_.empty(); ++ran) {
      if (ran == most) return false;
      auto first = events_.extract(events_.begin());
      clock_.AdvanceTo(first.key().first);
      first.mapped()();
    }
    return true;
  }

 private:
  VirtualClock clock_;
  std::map<std::pair<Micros, uint64_t>, std::function<void()>> events_;
  uint64_t next_ = 0;
};

}  // namespace tandem
