// Tests of quantise.
#include "sample/quantise.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>

namespace tandem {
namespace {

// Of candidates in falling order of weight.
Distribution Of(const std::vector<std::pair<Token, double>>& weights) {
  double sum = 0.0;
  for (const auto& [id, weight] : weights) sum += weight;
  Distribution law;
  for (const auto& [id, weight] : weights) law.push_back({id, std::log(weight), weight / sum});
  return law;
}

TEST(Quantise, LargestRemaindersGetTheRest) {
  // Exact shares of 10: 4.6, 3.3, 1.4, 0.7.
  const Distribution law = Of({{7, 46}, {3, 33}, {9, 14}, {1, 7}});
  const SparseDraft sparse = Quantise(law, {.vocab = 10, .max_ids = 4, .lattice = 10});
  EXPECT_EQ(sparse.ids, (std::vector<Token>{1, 3, 7, 9}));
  EXPECT_EQ(sparse.counts, (std::vector<uint32_t>{1, 3, 5, 1}));
}

TEST(Quantise, TiesGoToTheLikelierCandidate) {
  const Distribution law = Of({{4, 1}, {5, 1}, {6, 1}});
  const SparseDraft sparse = Quantise(law, {.vocab = 10, .max_ids = 3, .lattice = 4});
  EXPECT_EQ(sparse.ids, (std::vector<Token>{4, 5, 6}));
  EXPECT_EQ(sparse.counts, (std::vector<uint32_t>{2, 1, 1}));
}

TEST(Quantise, KeepsTheLikeliestAndDropsWhatHasNoShare) {
  const Distribution law = Of({{4, 900}, {2, 60}, {8, 30}, {1, 10}});
  EXPECT_EQ(Quantise(law, {.vocab = 10, .max_ids = 2, .lattice = 100}).ids, (std::vector<Token>{2, 4}));
  const SparseDraft coarse = Quantise(law, {.vocab = 10, .max_ids = 4, .lattice = 5});
  EXPECT_EQ(coarse.ids, (std::vector<Token>{4}));
  EXPECT_EQ(coarse.counts, (std::vector<uint32_t>{5}));
  EXPECT_EQ(Quantise({{6, 0.0, 1.0}}, {.vocab = 10, .max_ids = 4, .lattice = 5}).counts,
            (std::vector<uint32_t>{5}))
      << "temperature 0";
  EXPECT_EQ(Quantise({}, {.vocab = 10, .max_ids = 4, .lattice = 5}), SparseDraft{}) << "no candidates";
}

// A law of the grid, never further from the kept candidates than half a share an id.
RC_GTEST_PROP(Quantise, IsAlwaysALawNearTheCandidates, ()) {
  std::vector<std::pair<Token, double>> weights;
  double weight = 1.0;
  for (int size = *rc::gen::inRange(1, 30), i = 0; i < size; ++i) {
    weights.push_back({(i * 7) % 30, weight});
    weight *= std::exp2(-*rc::gen::inRange(0, 12) / 4.0);
  }
  const Distribution law = Of(weights);
  const auto max_ids = *rc::gen::inRange(1, 30);
  const DraftGrid grid{.vocab = 30, .max_ids = max_ids, .lattice = *rc::gen::inRange(max_ids, 4096)};
  RC_ASSERT(Check(grid));
  const SparseDraft sparse = Quantise(law, grid);
  RC_ASSERT(Check(sparse, grid));
  const size_t kept = std::min(law.size(), static_cast<size_t>(max_ids));
  double mass = 0.0, distance = 0.0;
  for (size_t i = 0; i < kept; ++i) mass += law[i].p;
  for (size_t i = 0; i < kept; ++i) {
    const double off = std::abs(law[i].p / mass - sparse.Share(law[i].id));
    RC_ASSERT(off < 1.0 / grid.lattice + 1e-9);
    distance += off / 2;
  }
  RC_ASSERT(distance <= static_cast<double>(kept) / 4 / grid.lattice + 1e-9);
}

TEST(DrawDraft, FollowsTheCounts) {
  const SparseDraft law{.ids = {3, 4, 9}, .counts = {5, 80, 15}};
  NoiseDraws draws;
  std::vector<int> seen(10);
  constexpr int kTimes = 20000;
  for (int i = 0; i < kTimes; ++i) {
    ++seen[static_cast<size_t>(DrawDraft(law, {.seed = 3, .base = i}, i, draws))];
  }
  double fit = 0.0;
  for (const Token id : law.ids) {
    const double expected = kTimes * law.Share(id);
    fit += std::pow(seen[static_cast<size_t>(id)] - expected, 2) / expected;
  }
  EXPECT_LT(fit, 26.0) << "chi-square, 2 degrees: one in 400 000";
  EXPECT_EQ(DrawDraft({}, {}, 0, draws), kNoToken);
}

}  // namespace
}  // namespace tandem
