// See draws.h.
#include "sample/draws.h"

#include <numeric>

namespace tandem {
namespace {

// Purposes differ from the race's, so that the epoch may take the token's place.
double UniformAt(const DrawAddress& at) {
  const NoiseAddress noise{
      .seed = at.block.seed, .position = at.position, .purpose = at.purpose, .block_base = at.block.base};
  return UniformNoise(noise, static_cast<Token>(at.block.epoch));
}

}  // namespace

bool NoiseDraws::Accept(const DrawAddress& at, double probability) {
  return UniformAt(at) < probability;
}

// Rounding may leave the last sum a hair below the first one: the last index that has a weight takes the
// rest.
size_t NoiseDraws::Pick(const DrawAddress& at, std::span<const double> weights) {
  const double mark = UniformAt(at) * std::accumulate(weights.begin(), weights.end(), 0.0);
  double sum = 0.0;
  size_t last = 0;
  for (size_t i = 0; i < weights.size(); ++i) {
    if (weights[i] <= 0.0) continue;
    last = i;
    if ((sum += weights[i]) > mark) break;
  }
  return last;
}

}  // namespace tandem
