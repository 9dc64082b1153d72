// See race.h.
#include "sample/race.h"

#include <cmath>
#include <limits>

namespace tandem {

Token Race(const Distribution& distribution, const NoiseAddress& address) {
  Token winner = kNoToken;
  double best = std::numeric_limits<double>::infinity();
  for (const Candidate& c : distribution) {
    if (c.p <= 0.0) continue;
    const double u = UniformNoise(address, c.id);
    if (1.0 - u > best * c.p) continue;  // -log(u) > 1 - u: it cannot win, and the logarithm is saved
    const double time = -std::log(u) / c.p;
    if (time < best || (time == best && c.id < winner) || winner == kNoToken) {
      best = time;
      winner = c.id;
    }
  }
  return winner;
}

}  // namespace tandem
