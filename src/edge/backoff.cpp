// See backoff.h.
#include "edge/backoff.h"

#include <algorithm>

#include "base/philox.h"

namespace tandem {
namespace {

constexpr Micros kShortest{100'000}, kLongest{5'000'000};
constexpr int kShareOfAway = 32;  // so that a loss of T is noticed to be over within T + T / 32

}  // namespace

std::optional<Micros> Backoff::Lost(Micros now, Micros at_least) {
  if (!lost_at_) lost_at_ = now;
  const Micros end = *lost_at_ + patience_;
  if (losses_ + 1 < clouds_) {
    ++losses_;
    return now;
  }
  if (now >= end) return std::nullopt;
  const Micros step = std::clamp(Away(now) / kShareOfAway, kShortest, kLongest);
  // Between half and all of the step.
  const uint32_t word = Philox4x32({attempt_++, 0, 0, 0xB0FFu},
                                   {static_cast<uint32_t>(seed_), static_cast<uint32_t>(seed_ >> 32)})[0];
  const Micros delay =
      step / 2 + Micros(static_cast<int64_t>(word % static_cast<uint64_t>(step.count() / 2 + 1)));
  return std::min(end, now + std::max(delay, at_least));
}

void Backoff::Restored() {
  lost_at_.reset();
  losses_ = 0;
  attempt_ = 0;
}

}  // namespace tandem
