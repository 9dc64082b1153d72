// See race.h.
#include "sample/race.h"

#include <cmath>

namespace tandem {

RaceResult RunRace(const Distribution& distribution, const NoiseAddress& address) {
  constexpr double kNever = std::numeric_limits<double>::infinity();
  RaceResult result;
  double best = kNever, second = kNever;
  for (const Candidate& c : distribution) {
    if (c.p <= 0.0) continue;
    const double u = UniformNoise(address, c.id);
    if (1.0 - u > second * c.p) continue;  // -log(u) > 1 - u: not even second, and the logarithm is saved
    const double time = -std::log(u) / c.p;
    if (time < best || (time == best && c.id < result.winner) || result.winner == kNoToken) {
      second = best;
      best = time;
      result.winner = c.id;
    } else if (time < second) {
      second = time;
    }
  }
  if (second < kNever) result.margin = std::log(second / best);
  return result;
}

}  // namespace tandem
