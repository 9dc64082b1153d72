// The nearest ids are those that a plain search in double finds.
#include "lab/nearest_ids.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace tandem {
namespace {

std::vector<float> SomeValues(size_t n, uint32_t state) {
  std::vector<float> values(n);
  for (float& v : values) {
    state = state * 1664525u + 1013904223u;
    v = static_cast<float>(state >> 8) / static_cast<float>(1 << 23) - 1.0f;
  }
  return values;
}

double Distance(std::span<const float> a, std::span<const float> b, RowMetric metric) {
  double dot = 0, aa = 0, bb = 0, distance = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    dot += double{a[i]} * b[i];
    aa += double{a[i]} * a[i];
    bb += double{b[i]} * b[i];
    distance += (double{a[i]} - b[i]) * (double{a[i]} - b[i]);
  }
  return metric == RowMetric::kEuclid ? distance : -dot / std::sqrt(aa * bb);
}

TEST(NearestIds, AreThoseOfAPlainSearch) {
  constexpr size_t kIds = 301, kWidth = 24, kRows = 150, kMost = 5;
  const NearestIds nearest(SomeValues(kIds * kWidth, 1), kWidth);
  const std::vector<float> rows = SomeValues(kRows * kWidth, 2);
  for (const RowMetric metric : {RowMetric::kEuclid, RowMetric::kCosine}) {
    const std::vector<Token> found = nearest.Nearest(rows, kMost, metric);
    ASSERT_EQ(found.size(), kRows * kMost);
    for (size_t row = 0; row < kRows; ++row) {
      const auto view = std::span<const float>(rows).subspan(row * kWidth, kWidth);
      std::vector<Token> ids(kIds);
      std::iota(ids.begin(), ids.end(), 0);
      std::stable_sort(ids.begin(), ids.end(), [&](Token a, Token b) {
        return Distance(view, nearest.vector(a), metric) < Distance(view, nearest.vector(b), metric);
      });
      for (size_t i = 0; i < kMost; ++i) EXPECT_EQ(found[row * kMost + i], ids[i]) << row << " " << i;
    }
  }
}

TEST(NearestIds, TheMetricsDiffer) {
  const NearestIds nearest({1, 0, 0, 4}, 2);  // id 0 is short, id 1 long
  const std::vector<float> row = {0.4f, 1.0f};
  EXPECT_EQ(nearest.Nearest(row, 1, RowMetric::kEuclid), std::vector<Token>{0});
  EXPECT_EQ(nearest.Nearest(row, 1, RowMetric::kCosine), std::vector<Token>{1});
}

// Float products of long vectors with almost no distance between them would not tell them apart.
TEST(NearestIds, ARowThatEqualsAVectorFindsItAmongNeighbours) {
  constexpr size_t kIds = 6, kWidth = 64;
  std::vector<float> vectors(kIds * kWidth, 1000.0f);
  for (size_t id = 0; id < kIds; ++id) vectors[id * kWidth + id] = std::nextafter(1000.0f, 2000.0f);
  const NearestIds nearest(vectors, kWidth);
  for (size_t id = 0; id < kIds; ++id)
    EXPECT_EQ(nearest.Nearest(nearest.vector(static_cast<Token>(id)), 1, RowMetric::kEuclid)[0],
              static_cast<Token>(id));
}

TEST(NearestIds, EqualVectorsRankByRisingId) {
  const NearestIds nearest({3, 3, 3, 3, 0, 0}, 2);
  EXPECT_EQ(nearest.Nearest(std::vector<float>{3, 3}, 3, RowMetric::kEuclid), (std::vector<Token>{0, 1, 2}));
  EXPECT_EQ(nearest.Nearest(std::vector<float>{-1, -1}, 3, RowMetric::kCosine),
            (std::vector<Token>{2, 0, 1}));
}

}  // namespace
}  // namespace tandem
