// See bit_shares.h.
#include "codec/bit_shares.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

namespace tandem {
namespace {

constexpr std::array<uint8_t, 6> kBits = {2, 3, 4, 5, 6, 8};

// A row going from kBits[level] to the next. `gain` is the distortion that each of its bits takes away; along
// a row it falls, so that the order of gains keeps the order of levels.
struct Raise {
  double gain = 0.0;
  uint32_t row = 0;
  uint32_t level = 0;
};

std::vector<Raise> Raises(std::span<const double> weights) {
  std::vector<Raise> raises;
  raises.reserve(weights.size() * (kBits.size() - 1));
  for (uint32_t row = 0; row < weights.size(); ++row) {
    for (uint32_t level = 0; level + 1 < kBits.size(); ++level) {
      const int from = kBits[level], to = kBits[level + 1];
      const double saved = std::ldexp(1.0, -2 * from) - std::ldexp(1.0, -2 * to);
      raises.push_back({.gain = weights[row] * saved / (to - from), .row = row, .level = level});
    }
  }
  // Equal gains of one row (a weight of 0) must still come in the order of levels.
  std::sort(raises.begin(), raises.end(), [](const Raise& a, const Raise& b) {
    if (a.gain != b.gain) return a.gain > b.gain;
    return a.level != b.level ? a.level < b.level : a.row < b.row;
  });
  return raises;
}

}  // namespace

size_t ShareOf(double share, size_t rows) {
  const double exact = share * static_cast<double>(rows);
  return std::min(rows, static_cast<size_t>(std::floor(exact * (1.0 + 1e-12))));
}

std::vector<uint8_t> LeastImportant(std::span<const float> importance, size_t count) {
  std::vector<size_t> order(importance.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [importance](size_t a, size_t b) { return importance[a] < importance[b]; });
  std::vector<uint8_t> low(importance.size());
  for (size_t i = 0; i < count; ++i) low[order[i]] = 1;
  return low;
}

std::vector<uint8_t> WaterFill(std::span<const double> weights, double mean) {
  std::vector<uint8_t> bits(weights.size(), kBits[0]);
  const double all = mean * static_cast<double>(weights.size());
  size_t left = static_cast<size_t>(std::floor(all * (1.0 + 1e-12))) - kBits[0] * weights.size();
  for (const Raise& raise : Raises(weights)) {
    const size_t price = kBits[raise.level + 1] - kBits[raise.level];
    if (price > left) continue;
    left -= price;
    bits[raise.row] = kBits[raise.level + 1];
    if (left == 0) break;
  }
  return bits;
}

}  // namespace tandem
