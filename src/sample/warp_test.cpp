// Every warper against its definition, and all of them against a dense reference written in the plainest way.
#include "sample/warp.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace tandem {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInf = std::numeric_limits<float>::infinity();

// All warpers off; a test switches on what it is about.
SamplingParams Plain() {
  return {.temperature = 1.0f, .top_k = 0, .top_p = 1.0f, .min_p = 0.0f};
}

Distribution Warped(const SamplingParams& params, const std::vector<float>& logits,
                    const std::vector<Token>& history = {}) {
  return Warper(params).Warp(logits, history);
}

// Sixteenths between -12 and 12, so that ties are common and sums with integers exact; 1 to 200 of them.
std::vector<float> AnyLogits() {
  const auto sixteenths = *rc::gen::resize(
      200, rc::gen::nonEmpty(rc::gen::container<std::vector<int>>(rc::gen::inRange(-192, 193))));
  std::vector<float> logits(sixteenths.begin(), sixteenths.end());
  for (float& logit : logits) logit /= 16.0f;
  return logits;
}

float AnyBetween(float low, float high) {
  return low + (high - low) * static_cast<float>(*rc::gen::inRange(1, 1000)) / 1000.0f;
}

std::vector<Token> AnyHistory(const std::vector<float>& logits) {
  return *rc::gen::container<std::vector<Token>>(
      rc::gen::inRange<Token>(0, static_cast<Token>(logits.size())));
}

std::vector<Token> Ids(const Distribution& distribution) {
  std::vector<Token> ids;
  for (const Candidate& c : distribution) ids.push_back(c.id);
  return ids;
}

double LogitOf(const Distribution& distribution, Token id) {
  for (const Candidate& c : distribution) {
    if (c.id == id) return c.logit;
  }
  return kNan;
}

bool IsOrdered(const Distribution& d) {
  return std::is_sorted(d.begin(), d.end(), [](const Candidate& a, const Candidate& b) {
    return a.logit > b.logit || (a.logit == b.logit && a.id < b.id);
  });
}

// --- one warper at a time ---

RC_GTEST_PROP(Warp, WithoutWarpersItIsTheSoftmax, ()) {
  const std::vector<float> logits = AnyLogits();
  const Distribution d = Warped(Plain(), logits);
  RC_ASSERT(d.size() == logits.size());
  double sum = 0.0;
  for (const float logit : logits) sum += std::exp(static_cast<double>(logit));
  for (const Candidate& c : d) {
    const double logit = logits[static_cast<size_t>(c.id)];
    RC_ASSERT(c.logit == logit);
    RC_ASSERT(std::abs(c.p - std::exp(logit) / sum) < 1e-12);
  }
}

RC_GTEST_PROP(Warp, TopKKeepsExactlyTheKLargest, ()) {
  const std::vector<float> logits = AnyLogits();
  SamplingParams params = Plain();
  params.top_k = *rc::gen::inRange(1, 250);
  std::vector<Token> expected = Ids(Warped(Plain(), logits));
  expected.resize(std::min(expected.size(), static_cast<size_t>(params.top_k)));
  RC_ASSERT(Ids(Warped(params, logits)) == expected);
}

// Vocabularies that make the walk for top_k drop candidates many times: rising, falling, flat, random.
TEST(Warp, TopKOfALargeVocabulary) {
  const auto check = [](const char* name, auto logit_of) {
    std::vector<float> logits(5000);
    for (int i = 0; i < 5000; ++i) logits[static_cast<size_t>(i)] = static_cast<float>(logit_of(i));
    const std::vector<Token> all = Ids(Warped(Plain(), logits));
    for (const int32_t k : {1, 2, 40, 1000, 4999}) {
      SamplingParams params = Plain();
      params.top_k = k;
      EXPECT_EQ(Ids(Warped(params, logits)), std::vector<Token>(all.begin(), all.begin() + k)) << name << k;
    }
  };
  check("rising", [](int i) { return i * 0.01; });
  check("falling", [](int i) { return i * -0.01; });
  check("flat", [](int) { return 3.0; });
  check("stairs", [](int i) { return i / 100; });
  check("scattered", [](int i) { return i * 7919 % 5003 * 0.01; });
}

RC_GTEST_PROP(Warp, TopPKeepsTheSmallestSetOfItsMass, ()) {
  const std::vector<float> logits = AnyLogits();
  SamplingParams params = Plain();
  params.top_p = AnyBetween(0.0f, 0.999f);
  const Distribution all = Warped(Plain(), logits), kept = Warped(params, logits);
  RC_ASSERT(!kept.empty() && kept.size() <= all.size());
  double mass = 0.0;
  for (size_t i = 0; i < kept.size(); ++i) {
    RC_ASSERT(kept[i].id == all[i].id);
    RC_ASSERT(mass < params.top_p + 1e-12);  // without this one it is not enough
    mass += all[i].p;
  }
  RC_ASSERT(mass > params.top_p - 1e-12);
}

RC_GTEST_PROP(Warp, MinPKeepsWhatIsNotFarBelowTheBest, ()) {
  const std::vector<float> logits = AnyLogits();
  SamplingParams params = Plain();
  params.min_p = AnyBetween(0.0f, 0.999f);
  const Distribution all = Warped(Plain(), logits), kept = Warped(params, logits);
  for (const Candidate& c : all) {
    const double share = c.p / all.front().p;
    if (share > params.min_p + 1e-9) RC_ASSERT(!std::isnan(LogitOf(kept, c.id)));
    if (share < params.min_p - 1e-9) RC_ASSERT(std::isnan(LogitOf(kept, c.id)));
  }
}

RC_GTEST_PROP(Warp, TemperatureDividesLogitsAndKeepsTheirOrder, ()) {
  const std::vector<float> logits = AnyLogits();
  SamplingParams params = Plain(), warmer = Plain();
  params.temperature = AnyBetween(0.05f, 3.0f);
  warmer.temperature = params.temperature * 1.5f;
  const Distribution plain = Warped(Plain(), logits), d = Warped(params, logits);
  RC_ASSERT(Ids(d) == Ids(plain));
  for (size_t i = 0; i < d.size(); ++i) {
    RC_ASSERT(d[i].logit == plain[i].logit / params.temperature);
    const double odds = (d[i].logit - d[0].logit);
    RC_ASSERT(std::abs(d[i].p - d[0].p * std::exp(odds)) < 1e-12);
  }
  RC_ASSERT(Warped(warmer, logits).front().p <= d.front().p + 1e-12);
}

RC_GTEST_PROP(Warp, PenaltiesTouchOnlyTheWindow, ()) {
  const std::vector<float> logits = AnyLogits();
  const std::vector<Token> history = AnyHistory(logits);
  SamplingParams params = Plain();
  params.repeat_penalty = AnyBetween(0.5f, 2.0f);
  params.frequency_penalty = AnyBetween(-1.0f, 1.0f);
  params.presence_penalty = AnyBetween(-1.0f, 1.0f);
  params.repeat_last_n = *rc::gen::inRange(0, 30);
  const auto window = std::min(history.size(), static_cast<size_t>(params.repeat_last_n));
  const Distribution d = Warped(params, logits, history);
  for (Token id = 0; id < static_cast<Token>(logits.size()); ++id) {
    const auto count = std::count(history.end() - static_cast<std::ptrdiff_t>(window), history.end(), id);
    double expected = logits[static_cast<size_t>(id)];
    if (count > 0) {
      expected = expected > 0 ? expected / params.repeat_penalty : expected * params.repeat_penalty;
      expected -= static_cast<double>(count) * params.frequency_penalty + params.presence_penalty;
    }
    RC_ASSERT(std::abs(LogitOf(d, id) - expected) <= (count > 0 ? 1e-4 : 0.0));
  }
}

TEST(Warp, AHistoryOfStrangeIdsIsIgnored) {
  SamplingParams params = Plain();
  params.repeat_penalty = 2.0f;
  const std::vector<float> logits{1.0f, 2.0f};
  const Distribution d = Warped(params, logits, {-1, 2, 1 << 30, 1});
  EXPECT_EQ(LogitOf(d, 0), 1.0);
  EXPECT_EQ(LogitOf(d, 1), 1.0);
}

// --- all together ---

SamplingParams AnyParams() {
  return {.temperature = AnyBetween(0.1f, 2.0f),
          .top_k = *rc::gen::element(0, 1, 3, 10, 40, 1000),
          .top_p = *rc::gen::element(true, false) ? 1.0f : AnyBetween(0.0f, 1.0f),
          .min_p = *rc::gen::element(true, false) ? 0.0f : AnyBetween(0.0f, 0.5f),
          .repeat_penalty = *rc::gen::element(1.0f, 1.25f),
          .frequency_penalty = *rc::gen::element(0.0f, 0.5f),
          .presence_penalty = *rc::gen::element(0.0f, -0.25f),
          .repeat_last_n = *rc::gen::element(0, 5, 64)};
}

struct Reference {
  Distribution distribution;
  double margin = 1.0;  // how near a probability came to a threshold, where rounding may decide
};

void Softmax(Distribution& d) {
  double sum = 0.0;
  for (const Candidate& c : d) sum += std::exp(c.logit);
  for (Candidate& c : d) c.p = std::exp(c.logit) / sum;
}

void Penalise(const SamplingParams& params, const std::vector<Token>& history, Distribution& d) {
  const size_t first = history.size() - std::min(history.size(), static_cast<size_t>(params.repeat_last_n));
  for (Candidate& c : d) {
    const auto count = std::count(history.begin() + static_cast<std::ptrdiff_t>(first), history.end(), c.id);
    if (count == 0) continue;
    float logit = static_cast<float>(c.logit);  // penalties work in float
    logit = logit > 0 ? logit / params.repeat_penalty : logit * params.repeat_penalty;
    c.logit = logit - (static_cast<float>(count) * params.frequency_penalty + params.presence_penalty);
  }
}

void TopP(const SamplingParams& params, Reference& r) {
  Softmax(r.distribution);
  double mass = 0.0;
  for (size_t i = 0; i < r.distribution.size(); ++i) {
    mass += r.distribution[i].p;
    r.margin = std::min(r.margin, std::abs(mass - params.top_p));
    if (mass >= params.top_p) return r.distribution.resize(i + 1);
  }
}

void MinP(const SamplingParams& params, Reference& r) {
  Softmax(r.distribution);
  const double least = params.min_p * r.distribution.front().p;
  Distribution kept;
  for (const Candidate& c : r.distribution) {
    r.margin = std::min(r.margin, std::abs(c.p - least));
    if (c.p >= least) kept.push_back(c);
  }
  r.distribution = kept;
}

Reference Dense(const SamplingParams& params, const std::vector<float>& logits,
                const std::vector<Token>& history) {
  Reference r;
  for (size_t i = 0; i < logits.size(); ++i)
    r.distribution.push_back({static_cast<Token>(i), logits[i], 0.0});
  Penalise(params, history, r.distribution);
  std::stable_sort(r.distribution.begin(), r.distribution.end(),
                   [](const Candidate& a, const Candidate& b) { return a.logit > b.logit; });
  if (params.top_k > 0 && static_cast<size_t>(params.top_k) < logits.size()) {
    r.distribution.resize(static_cast<size_t>(params.top_k));
  }
  if (params.top_p < 1.0f) TopP(params, r);
  if (params.min_p > 0.0f) MinP(params, r);
  for (Candidate& c : r.distribution) c.logit /= params.temperature;
  Softmax(r.distribution);
  return r;
}

RC_GTEST_PROP(Warp, EqualsTheDenseReference, ()) {
  const std::vector<float> logits = AnyLogits();
  const std::vector<Token> history = AnyHistory(logits);
  const SamplingParams params = AnyParams();
  const Reference reference = Dense(params, logits, history);
  RC_PRE(reference.margin > 1e-9);
  const Distribution d = Warped(params, logits, history);
  RC_ASSERT(Ids(d) == Ids(reference.distribution));
  for (size_t i = 0; i < d.size(); ++i) RC_ASSERT(std::abs(d[i].p - reference.distribution[i].p) < 1e-9);
}

RC_GTEST_PROP(Warp, IsAnOrderedDistribution, ()) {
  const std::vector<float> logits = AnyLogits();
  const Distribution d = Warped(AnyParams(), logits, AnyHistory(logits));
  double sum = 0.0;
  for (const Candidate& c : d) {
    RC_ASSERT(c.p >= 0.0);
    sum += c.p;
  }
  RC_ASSERT(!d.empty() && IsOrdered(d));
  RC_ASSERT(std::abs(sum - 1.0) < 1e-12);
}

RC_GTEST_PROP(Warp, AShiftOfAllLogitsChangesNothing, ()) {
  const std::vector<float> logits = AnyLogits();
  SamplingParams params = AnyParams();
  params.repeat_penalty = 1.0f;  // it multiplies: the one warper that feels a shift
  const std::vector<Token> history = AnyHistory(logits);
  RC_PRE(Dense(params, logits, history).margin > 1e-9);
  std::vector<float> shifted = logits;
  const float shift = static_cast<float>(*rc::gen::inRange(-1000, 1000));
  for (float& logit : shifted) logit += shift;
  const Distribution d = Warped(params, logits, history), e = Warped(params, shifted, history);
  RC_ASSERT(Ids(d) == Ids(e));
  for (size_t i = 0; i < d.size(); ++i) RC_ASSERT(std::abs(d[i].p - e[i].p) < 1e-9);
}

// --- what models do not give, but files and bugs may ---

RC_GTEST_PROP(Warp, StrangeLogitsGiveADistribution, ()) {
  const auto logits = *rc::gen::nonEmpty(rc::gen::container<std::vector<float>>(
      rc::gen::element(0.0f, 1.0f, -3.0f, 3e38f, -3e38f, kNan, kInf, -kInf)));
  const Distribution d = Warped(AnyParams(), logits);
  double sum = 0.0;
  for (const Candidate& c : d) {
    RC_ASSERT(!std::isnan(c.p));
    sum += c.p;
  }
  RC_ASSERT(std::abs(sum - 1.0) < 1e-12);
  const bool any = std::any_of(logits.begin(), logits.end(), [](float x) { return x > -kInf; });
  for (const Candidate& c : d) RC_ASSERT(!any || logits[static_cast<size_t>(c.id)] > -kInf);
}

TEST(Warp, MaskedIdsAreNoCandidates) {
  const Distribution d = Warped(Plain(), {-kInf, 1.0f, kNan, 1.0f});
  EXPECT_EQ(Ids(d), (std::vector<Token>{1, 3}));
  SamplingParams three = Plain();
  three.top_k = 3;
  EXPECT_EQ(Ids(Warped(three, {-kInf, 1.0f, kNan, 1.0f})), (std::vector<Token>{1, 3}));
  EXPECT_EQ(Ids(Warped(Plain(), {kNan, -kInf, -kInf})), std::vector<Token>{0}) << "somebody must win";
  EXPECT_TRUE(Warped(Plain(), {}).empty());
}

TEST(Warp, TemperatureZeroLeavesTheArgmax) {
  SamplingParams params;
  params.temperature = 0.0f;
  const Distribution d = Warped(params, {1.0f, kNan, 3.0f, 3.0f});
  ASSERT_EQ(d.size(), 1u);
  EXPECT_EQ(d[0].id, 2);
  EXPECT_EQ(d[0].p, 1.0);
}

}  // namespace
}  // namespace tandem
