// Tests of race.
#include "sample/race.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace tandem {
namespace {

Distribution Of(const std::vector<double>& weights) {
  const double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
  Distribution out;
  for (size_t i = 0; i < weights.size(); ++i) {
    out.push_back({static_cast<Token>(i), std::log(weights[i]), weights[i] / sum});
  }
  return out;
}

std::vector<float> SomeLogits(uint64_t seed, size_t size, double scale) {
  std::vector<float> logits(size);
  for (size_t i = 0; i < size; ++i) {
    logits[i] =
        static_cast<float>(scale * UniformNoise({.seed = seed, .position = 9}, static_cast<Token>(i)));
  }
  return logits;
}

double ChiSquare(const Distribution& law, const std::vector<int>& counts, int draws) {
  double sum = 0.0;
  for (const Candidate& c : law) {
    sum += std::pow(counts[static_cast<size_t>(c.id)] - draws * c.p, 2) / (draws * c.p);
  }
  return sum;
}

constexpr int kDraws = 100000;

// Chi-square of the tokens that `draw` gives in kDraws draws.
template <class F>
double FitOf(const Distribution& law, size_t vocab, F draw) {
  std::vector<int> counts(vocab);
  for (int i = 0; i < kDraws; ++i) ++counts[static_cast<size_t>(draw(i))];
  return ChiSquare(law, counts, kDraws);
}

// A chi-square with n degrees of freedom passes this bound (mean and 6 deviations, and more for the skew)
// with a chance of about one in a million for the n used here, 2 to 40.
double Bound(size_t degrees) {
  const double n = static_cast<double>(degrees);
  return n + 6.0 * std::sqrt(2.0 * n) + 12.0;
}

TEST(Race, DrawsFromTheWarpedDistribution) {
  const SamplingParams settings[] = {
      {.temperature = 1.0f, .top_k = 0, .top_p = 1.0f, .min_p = 0.0f},
      {.temperature = 0.7f, .top_k = 12, .top_p = 1.0f, .min_p = 0.0f},
      {.temperature = 1.5f, .top_k = 0, .top_p = 0.9f, .min_p = 0.02f},
      {},
  };
  const std::vector<float> logits = SomeLogits(3, 40, 4.0);
  for (const SamplingParams& params : settings) {
    Warper warper(params);
    const Distribution law = warper.Warp(logits, {});
    ASSERT_GT(law.size(), 2u);
    const double by_position =
        FitOf(law, logits.size(), [&](int i) { return Race(law, {.seed = 77, .position = i}); });
    const double by_seed = FitOf(law, logits.size(), [&](int i) {
      return Race(law, {.seed = static_cast<uint64_t>(i), .position = 77});
    });
    EXPECT_LT(by_position, Bound(law.size() - 1)) << "top_k " << params.top_k;
    EXPECT_LT(by_seed, Bound(law.size() - 1)) << "top_k " << params.top_k;
  }
}

// The test above would notice a law that is a little off: one weight of four is 8 % heavier here.
TEST(Race, TheFitNoticesASmallBias) {
  const Distribution law = Of({1, 1, 1, 1}), biased = Of({1.08, 1, 1, 1});
  const double fit = FitOf(law, 4, [&](int i) { return Race(biased, {.seed = 1, .position = i}); });
  EXPECT_GT(fit, Bound(3));
}

// Two positions with one law: the 16 pairs are as likely as the product says.
TEST(Race, PositionsAreIndependent) {
  const Distribution law = Of({4, 3, 2, 1});
  Distribution pairs;
  for (const Candidate& a : law) {
    for (const Candidate& b : law) pairs.push_back({a.id * 4 + b.id, 0.0, a.p * b.p});
  }
  const double fit = FitOf(pairs, 16, [&](int i) {
    const auto seed = static_cast<uint64_t>(i);
    return Race(law, {.seed = seed, .position = 100}) * 4 + Race(law, {.seed = seed, .position = 101});
  });
  EXPECT_LT(fit, Bound(15));
}

// The definition in race.h, without the short cut.
Token Slowly(const Distribution& law, const NoiseAddress& address) {
  Token winner = kNoToken;
  double best = INFINITY;
  for (const Candidate& c : law) {
    const double time = -std::log(UniformNoise(address, c.id)) / c.p;
    if (c.p > 0.0 && time < best) best = time, winner = c.id;
  }
  return winner;
}

RC_GTEST_PROP(Race, IsTheSmallestTime, (uint64_t seed)) {
  std::vector<double> weights;
  const int size = *rc::gen::inRange(1, 60);
  for (int i = 0; i < size; ++i) weights.push_back(std::pow(2.0, *rc::gen::inRange(-60, 3)));
  const Distribution law = Of(weights);
  for (Pos position = 0; position < 20; ++position) {
    const NoiseAddress address{.seed = seed, .position = position};
    RC_ASSERT(Race(law, address) == Slowly(law, address));
  }
}

TEST(Race, TheImpossibleNeverWins) {
  Distribution law = Of({1, 1, 1});
  law[1].p = 0.0;
  for (Pos position = 0; position < 2000; ++position) EXPECT_NE(Race(law, {.position = position}), 1);
  EXPECT_EQ(Race({{5, 0.0, 5e-324}}, {}), 5) << "a time that overflows still finishes";
  EXPECT_EQ(Race({}, {}), kNoToken);
}

double TotalVariation(const Distribution& a, const Distribution& b) {
  double sum = 0.0;
  for (size_t i = 0; i < a.size(); ++i) sum += std::abs(a[i].p - b[i].p);
  return sum / 2;
}

struct Agreement {
  double coupled = 0.0, independent = 0.0;
};

Agreement Agree(const Distribution& a, const Distribution& b) {
  int coupled = 0, independent = 0;
  constexpr int kRaces = 10000;
  for (Pos position = 0; position < kRaces; ++position) {
    const Token target = Race(a, {.seed = 1, .position = position});
    coupled += target == Race(b, {.seed = 1, .position = position}) ? 1 : 0;
    independent += target == Race(b, {.seed = 2, .position = position}) ? 1 : 0;
  }
  return {coupled / double{kRaces}, independent / double{kRaces}};
}

// Draft and target with logits alike, over a vocabulary of 100. 0.025 is five deviations of 10 000 races.
TEST(Race, SharedNoiseMakesSimilarModelsAgree) {
  for (const double noise : {0.5, 1.0, 2.0}) {
    std::vector<double> target, draft;
    const std::vector<float> base = SomeLogits(1, 100, 8.0), offset = SomeLogits(2, 100, noise);
    for (size_t i = 0; i < base.size(); ++i) {
      target.push_back(std::exp(base[i]));
      draft.push_back(std::exp(base[i] + offset[i]));
    }
    const Distribution p = Of(target), q = Of(draft);
    const double tv = TotalVariation(p, q);
    const Agreement agreement = Agree(p, q);
    EXPECT_GE(agreement.coupled, (1 - tv) / (1 + tv) - 0.025) << "total variation " << tv;
    EXPECT_LE(agreement.coupled, 1 - tv + 0.025) << "no coupling does better";
    EXPECT_GT(agreement.coupled, 5 * agreement.independent);
  }
}

TEST(Race, TheMarginIsTheLogarithmOfTheSecondTimeOverTheFirst) {
  const Distribution law = Of({5, 3, 2, 1});
  for (Pos position = 0; position < 200; ++position) {
    const NoiseAddress address{.seed = 3, .position = position};
    std::vector<double> times;
    for (const Candidate& c : law) times.push_back(-std::log(UniformNoise(address, c.id)) / c.p);
    std::sort(times.begin(), times.end());
    const RaceResult result = RunRace(law, address);
    EXPECT_EQ(result.winner, Race(law, address));
    EXPECT_NEAR(result.margin, std::log(times[1] / times[0]), 1e-9);
  }
  EXPECT_TRUE(std::isinf(RunRace(Of({1}), {}).margin)) << "nobody else ran";
}

// What the margin promises: no law whose logits are that near has another winner.
RC_GTEST_PROP(Race, LawsNearerThanHalfTheMarginAgree, (uint64_t seed)) {
  const Distribution law = Of({4, 3, 3, 2, 1});
  const NoiseAddress address{.seed = seed, .position = 5};
  const RaceResult result = RunRace(law, address);
  std::vector<double> weights;
  for (const Candidate& c : law) {
    const double u = UniformNoise({.seed = seed, .position = 6}, c.id);
    weights.push_back(c.p * std::exp((u - 0.5) * 0.99 * result.margin));
  }
  RC_ASSERT(Race(Of(weights), address) == result.winner);
}

}  // namespace
}  // namespace tandem
