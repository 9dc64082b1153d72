// Losses against long double, at every length, at extremes, and on any number of threads.
#include "lab/token_loss.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

namespace tandem {
namespace {

long double Reference(const std::vector<float>& logits, size_t target) {
  long double top = logits[0], sum = 0;
  for (const float v : logits) top = std::max<long double>(top, v);
  for (const float v : logits) sum += std::exp(static_cast<long double>(v) - top);
  return std::log(sum) - (static_cast<long double>(logits[target]) - top);
}

std::vector<float> SomeLogits(size_t n, unsigned seed, float spread) {
  std::mt19937 random(seed);
  std::normal_distribution<float> law(3.0f, spread);
  std::vector<float> logits(n);
  for (float& v : logits) v = law(random);
  return logits;
}

TEST(TokenLoss, IsLogSoftmaxInDouble) {
  for (const float spread : {0.01f, 1.0f, 10.0f, 1000.0f}) {
    for (const size_t n : {1u, 2u, 7u, 8u, 9u, 31u, 512u, 32001u}) {
      const auto logits = SomeLogits(n, static_cast<unsigned>(n), spread);
      for (const size_t target : {size_t{0}, n / 2, n - 1}) {
        const long double wanted = Reference(logits, target);
        EXPECT_NEAR(TokenLoss(logits, static_cast<Token>(target)), static_cast<double>(wanted),
                    1e-14 * std::max(1.0, static_cast<double>(wanted)))
            << n << " logits, spread " << spread;
      }
    }
  }
}

TEST(TokenLoss, FarTokensCostWhatTheyAreFar) {
  EXPECT_DOUBLE_EQ(TokenLoss(std::vector<float>{0, -1e30f}, 1), 1e30f);
  EXPECT_DOUBLE_EQ(TokenLoss(std::vector<float>{0, -5000}, 0), 0);
  EXPECT_DOUBLE_EQ(TokenLoss(std::vector<float>{4, 4, 4, 4}, 2), std::log(4.0));
}

TEST(TokenLoss, ThreadsChangeNoBit) {
  const size_t rows = 40, width = 32000;
  const auto logits = SomeLogits(rows * width, 1, 4.0f);
  const auto row = [&](size_t i) { return std::span<const float>(logits).subspan(i * width, width); };
  std::vector<Token> targets(rows);
  for (size_t i = 0; i < rows; ++i) targets[i] = static_cast<Token>(i * 711);
  double one_by_one = 0;
  for (size_t i = 0; i < rows; ++i) one_by_one += TokenLoss(row(i), targets[i]);
  for (const int threads : {1, 2, 5}) EXPECT_EQ(SumOfLosses(row, targets, threads), one_by_one) << threads;
  EXPECT_EQ(SumOfLosses(row, {}, 3), 0);
}

}  // namespace
}  // namespace tandem
