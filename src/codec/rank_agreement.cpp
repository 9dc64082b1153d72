// See rank_agreement.h.
#include "codec/rank_agreement.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <vector>

#include "codec/bit_shares.h"

namespace tandem {
namespace {

std::vector<uint32_t> Falling(std::span<const float> values) {
  std::vector<uint32_t> order(values.size());
  std::iota(order.begin(), order.end(), 0u);
  std::stable_sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) { return values[a] > values[b]; });
  return order;
}

// Ranks less their mean; of equal values the mean of the ranks that they take up.
std::vector<double> CentredRanks(std::span<const float> values) {
  const std::vector<uint32_t> order = Falling(values);
  const double middle = (static_cast<double>(values.size()) - 1) / 2;
  std::vector<double> ranks(values.size());
  for (size_t begin = 0; begin < order.size();) {
    size_t end = begin + 1;
    while (end < order.size() && values[order[end]] == values[order[begin]]) ++end;
    const double shared = static_cast<double>(begin + end - 1) / 2 - middle;
    for (; begin < end; ++begin) ranks[order[begin]] = shared;
  }
  return ranks;
}

}  // namespace

std::optional<double> SpearmanCorrelation(std::span<const float> a, std::span<const float> b) {
  const std::vector<double> x = CentredRanks(a), y = CentredRanks(b);
  const double xx = std::inner_product(x.begin(), x.end(), x.begin(), 0.0);
  const double yy = std::inner_product(y.begin(), y.end(), y.begin(), 0.0);
  if (xx == 0 || yy == 0) return std::nullopt;
  return std::inner_product(x.begin(), x.end(), y.begin(), 0.0) / std::sqrt(xx * yy);
}

double TopJaccard(std::span<const float> a, std::span<const float> b, double share) {
  if (a.empty()) return 1.0;
  const size_t top = std::max<size_t>(1, ShareOf(share, a.size()));
  std::vector<uint32_t> x = Falling(a), y = Falling(b), both;
  std::sort(x.begin(), x.begin() + static_cast<ptrdiff_t>(top));
  std::sort(y.begin(), y.begin() + static_cast<ptrdiff_t>(top));
  std::set_intersection(x.begin(), x.begin() + static_cast<ptrdiff_t>(top), y.begin(),
                        y.begin() + static_cast<ptrdiff_t>(top), std::back_inserter(both));
  return static_cast<double>(both.size()) / static_cast<double>(2 * top - both.size());
}

}  // namespace tandem
