// Tests of noise.
#include "sample/noise.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <vector>

namespace tandem {
namespace {

// The layout of counter and key is a contract between programs of different versions, not a detail: these
// were computed by another implementation of Philox, in integers, from the description in noise.h.
TEST(Noise, KnownAnswers) {
  EXPECT_EQ(UniformNoise({}, 0), 0.3990464708489646);
  const uint64_t seed = 0x0123456789abcdef;
  EXPECT_EQ(UniformNoise({.seed = seed, .position = 1000}, 31999), 0.3789462093636523);
  EXPECT_EQ(UniformNoise(
                {.seed = seed, .position = 1000, .purpose = NoisePurpose::kAccept, .block_base = 998}, 31999),
            0.633587616207632);
}

RC_GTEST_PROP(Noise, LiesInTheOpenInterval, (uint64_t seed, Pos position, Token token)) {
  const double u = UniformNoise({.seed = seed, .position = position}, token);
  RC_ASSERT(u > 0.0 && u < 1.0);
  RC_ASSERT(std::isfinite(std::log(u)));
}

constexpr int kDraws = 1 << 16;
using Draw = double (*)(int i);

double ByToken(int i) {
  return UniformNoise({.seed = 11, .position = 5}, i);
}
double ByPosition(int i) {
  return UniformNoise({.seed = 11, .position = i}, 5);
}
double BySeed(int i) {
  return UniformNoise({.seed = static_cast<uint64_t>(i), .position = 5}, 5);
}
double BySeedsHighHalf(int i) {
  return UniformNoise({.seed = static_cast<uint64_t>(i) << 32, .position = 5}, 5);
}
double ByBlockBase(int i) {
  return UniformNoise({.seed = 11, .position = 5, .block_base = i}, 5);
}
double ForAcceptance(int i) {
  return UniformNoise({.seed = 11, .position = 5, .purpose = NoisePurpose::kAccept}, i);
}

constexpr Draw kAddresses[] = {ByToken, ByPosition, BySeed, BySeedsHighHalf, ByBlockBase, ForAcceptance};

// 255 degrees of freedom: a chi-square above 380 has a chance below one in a million.
TEST(Noise, IsUniformAlongEveryPartOfTheAddress) {
  for (const Draw draw : kAddresses) {
    std::vector<int> bins(256);
    for (int i = 0; i < kDraws; ++i) ++bins[static_cast<size_t>(draw(i) * 256)];
    double chi_square = 0.0;
    for (const int count : bins) chi_square += std::pow(count - kDraws / 256.0, 2) / (kDraws / 256.0);
    EXPECT_LT(chi_square, 380.0) << "address " << &draw - kAddresses;
    EXPECT_GT(chi_square, 150.0) << "too even for chance, address " << &draw - kAddresses;
  }
}

// The correlation of independent uniforms is normal with deviation 1 / sqrt(n): five of them.
void ExpectUncorrelated(Draw a, Draw b, int lag) {
  double sum = 0.0;
  for (int i = 0; i < kDraws; ++i) sum += (a(i) - 0.5) * (b(i + lag) - 0.5) * 12.0;
  EXPECT_LT(std::abs(sum / kDraws), 5.0 / std::sqrt(kDraws)) << "lag " << lag;
}

TEST(Noise, NeighboursAndPurposesAreIndependent) {
  for (const Draw draw : kAddresses) {
    ExpectUncorrelated(draw, draw, 1);
    ExpectUncorrelated(draw, draw, 256);
  }
  for (const Draw draw : kAddresses) {
    if (draw != &ByToken) ExpectUncorrelated(&ByToken, draw, 0);
  }
}

}  // namespace
}  // namespace tandem
