// Time behind an interface, so that every loop can run under a virtual clock.
#pragma once

#include "base/types.h"

namespace tandem {

class Clock {
 public:
  virtual ~Clock() = default;
  virtual Micros Now() const = 0;  // never decreases; thread-safe
};

// The machine's monotonic clock.
class SteadyClock final : public Clock {
 public:
  Micros Now() const override {
    return std::chrono::duration_cast<Micros>(std::chrono::steady_clock::now().time_since_epoch());
  }
};

// A clock that stands still until it is moved. Not thread-safe: simulations are single-threaded.
class VirtualClock final : public Clock {
 public:
  Micros Now() const override { return now_; }
  void AdvanceTo(Micros t) {
    if (t > now_) now_ = t;
  }

 private:
  Micros now_{0};
};

}  // namespace tandem
