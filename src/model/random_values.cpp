// Addressed Gaussian values, see random_values.h.
#include "model/random_values.h"

#include <array>
#include <cmath>
#include <memory>
#include <numbers>

#include "base/philox.h"

namespace tandem {
namespace {

constexpr size_t kQuantiles = 65536;
constexpr size_t kPerBlock = 8;  // 16-bit values in one Philox block

using QuantileTable = std::array<float, kQuantiles>;

double NormalCdf(double z) {
  return 0.5 * std::erfc(-z / std::numbers::sqrt2);
}

double NormalDensity(double z) {
  return std::exp(-0.5 * z * z) / std::sqrt(2.0 * std::numbers::pi);
}

// Quantiles at (i + 1/2) / 65536. The upper half by Newton's method from its lower neighbour: the law is
// concave there, so every step stays below the root and six of them reach it in double. The lower half is its
// mirror.
std::unique_ptr<const QuantileTable> MakeQuantiles() {
  auto table = std::make_unique<QuantileTable>();
  double z = 0.0;
  for (size_t i = kQuantiles / 2; i < kQuantiles; ++i) {
    const double p = (static_cast<double>(i) + 0.5) / kQuantiles;
    for (int step = 0; step < 6; ++step) z += (p - NormalCdf(z)) / NormalDensity(z);
    (*table)[i] = static_cast<float>(z);
    (*table)[kQuantiles - 1 - i] = static_cast<float>(-z);
  }
  return table;
}

const QuantileTable& Quantiles() {
  static const std::unique_ptr<const QuantileTable> table = MakeQuantiles();
  return *table;
}

}  // namespace

void FillGaussian(uint64_t seed, uint32_t tensor, uint64_t first, float deviation, std::span<float> out) {
  const QuantileTable& table = Quantiles();
  const PhiloxKey key = {static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32)};
  uint64_t block = first / kPerBlock;
  for (size_t at = 0; at < out.size(); at += kPerBlock, ++block) {
    const PhiloxCounter bits =
        Philox4x32({static_cast<uint32_t>(block), static_cast<uint32_t>(block >> 32), tensor, 0}, key);
    for (size_t i = 0; i < kPerBlock && at + i < out.size(); ++i) {
      out[at + i] = deviation * table[(bits[i / 2] >> (16 * (i % 2))) & 0xffff];
    }
  }
}

}  // namespace tandem
