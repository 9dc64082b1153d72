// Tests of hadamard: against the matrix, its own inverse, and lengths kept.
#include "codec/hadamard.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <random>

#include "testing/row_samples.h"

namespace tandem {
namespace {

double Length(std::span<const float> row) {
  double sum = 0.0;
  for (const float value : row) sum += double{value} * value;
  return std::sqrt(sum);
}

TEST(Hadamard, BlocksAreTheLargestPowerOfTwo) {
  EXPECT_EQ(HadamardBlock(1), 1u);
  EXPECT_EQ(HadamardBlock(288), 32u);
  EXPECT_EQ(HadamardBlock(896), 128u);
  EXPECT_EQ(HadamardBlock(2048), 2048u);
  EXPECT_EQ(HadamardBlock(65535), 1u);
}

void RotateRow(std::vector<float>& row, size_t block) {
  std::vector<float> scratch(block);
  Rotate(row, block, scratch);
}

// Entry (i, j) of the Sylvester matrix is -1 to the number of ones in i & j.
TEST(Hadamard, IsTheMatrix) {
  std::mt19937_64 random(5);
  for (const size_t block : {1, 2, 4, 8, 16, 64}) {
    const std::vector<float> row = testing::RandomRows(random, 1, 3 * block);
    std::vector<float> rotated = row;
    RotateRow(rotated, block);
    for (size_t i = 0; i < row.size(); ++i) {
      double sum = 0.0;
      for (size_t j = 0; j < block; ++j) {
        const double sign = std::popcount(i % block & j) % 2 == 0 ? 1.0 : -1.0;
        sum += sign * row[i / block * block + j];
      }
      EXPECT_NEAR(rotated[i], sum / std::sqrt(static_cast<double>(block)), 1e-5 * (1.0 + Length(row)));
    }
  }
}

TEST(Hadamard, TwiceIsNothingAndLengthsStay) {
  std::mt19937_64 random(6);
  for (const size_t width : {2, 96, 288, 896, 4096}) {
    const std::vector<float> row = testing::RandomRows(random, 1, width);
    std::vector<float> rotated = row;
    RotateRow(rotated, HadamardBlock(width));
    EXPECT_NEAR(Length(rotated), Length(row), 1e-5 * Length(row));
    RotateRow(rotated, HadamardBlock(width));
    for (size_t i = 0; i < width; ++i) EXPECT_NEAR(rotated[i], row[i], 1e-5 * Length(row));
  }
}

}  // namespace
}  // namespace tandem
