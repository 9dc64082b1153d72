// When to try a lost link again: every other cloud at once, even without patience; then, until a deadline,
// after delays with jitter that grow with the time away and stay below a 32nd of it (0.1 s at least, 5 s
// at most), so that a cut of 5 s costs little more than 5 s.
#pragma once

#include <cstdint>
#include <optional>

#include "base/types.h"

namespace tandem {

class Backoff {
 public:
  // seed: makes the jitter of each text its own, so that edges do not return in step. clouds: how many are
  // dialled in turn, at least 1.
  Backoff(Micros patience, uint64_t seed, int32_t clouds = 1)
      : patience_(patience), seed_(seed), clouds_(clouds) {}

  // The link was lost (or dialling failed) at `now`; at_least: the cloud's hint, of no concern to another
  // cloud. Returns when to dial next, nullopt when patience has run out since the loss.
  std::optional<Micros> Lost(Micros now, Micros at_least);
  // The text has grown again: the next loss starts anew.
  void Restored();
  Micros Away(Micros now) const { return lost_at_ ? now - *lost_at_ : Micros{0}; }  // since the first loss

 private:
  Micros patience_;
  uint64_t seed_;
  int32_t clouds_;
  int32_t losses_ = 0;  // in a row
  std::optional<Micros> lost_at_;
  uint32_t attempt_ = 0;
};

}  // namespace tandem
