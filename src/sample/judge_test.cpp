// Tests of judge: the rules at their edges, the histories they warp with, and the law of texts drawn with the
// real noise. judge_proof_test.cpp has the proof.
#include "sample/judge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "sample/race.h"
#include "sample/speculation.h"

namespace tandem {
namespace {

using testing::ElementsAre;

constexpr Rule kRules[] = {Rule::kCoupled, Rule::kToken, Rule::kBlock};
constexpr Rule kLawful[] = {Rule::kToken, Rule::kBlock};

// Laws by row; remembers which were asked for.
class Rows final : public TargetLaws {
 public:
  explicit Rows(std::vector<Distribution> rows) : rows_(std::move(rows)) {}
  const Distribution& At(size_t row) override {
    asked.push_back(row);
    return rows_.at(row);
  }
  std::vector<size_t> asked;

 private:
  std::vector<Distribution> rows_;
};

Distribution Sure(Token id) {
  return {{id, 0.0, 1.0}};
}

struct Case {
  std::vector<Token> ids;
  std::vector<SparseDraft> laws;
  bool bonus = true;
};

Ruling JudgeCase(Rule rule, const Case& c, TargetLaws& target, uint64_t seed = 1) {
  NoiseDraws draws;
  return Judge(
      rule, {.key = {.seed = seed, .base = 10, .epoch = 2}, .ids = c.ids, .laws = c.laws, .bonus = c.bonus},
      target, draws);
}

const SparseDraft kSure3{.ids = {3}, .counts = {10}};
const SparseDraft kEven{.ids = {3, 4}, .counts = {5, 5}};

// Temperature 0: a draft stands while it is the argmax, whatever law it came from.
TEST(Judge, AtTemperatureZeroTheArgmaxDecides) {
  for (const Rule rule : kRules) {
    for (const SparseDraft& law : {kSure3, kEven}) {
      for (uint64_t seed = 0; seed < 50; ++seed) {
        Rows target({Sure(3), Sure(3), Sure(7)});
        const Case same{{3, 3}, {law, law}, true};
        EXPECT_EQ(JudgeCase(rule, same, target, seed), (Ruling{2, 7})) << RuleName(rule);
        Rows other({Sure(3), Sure(9), Sure(7)});
        EXPECT_EQ(JudgeCase(rule, same, other, seed), (Ruling{1, 9})) << RuleName(rule);
      }
    }
  }
}

TEST(Judge, WithoutABonusAFullBlockHasNoToken) {
  for (const Rule rule : kRules) {
    Rows target({Sure(3), Sure(3)});  // the row of the bonus is not there
    EXPECT_EQ(JudgeCase(rule, {{3, 3}, {kSure3, kSure3}, false}, target), (Ruling{2, kNoToken}));
    Rows other({Sure(3), Sure(9)});
    EXPECT_EQ(JudgeCase(rule, {{3, 3}, {kSure3, kSure3}, false}, other), (Ruling{1, 9}))
        << "a correction is no bonus";
  }
}

TEST(Judge, NoDraftsGiveTheTargetsToken) {
  for (const Rule rule : kRules) {
    Rows target({Sure(6)});
    EXPECT_EQ(JudgeCase(rule, {{}, {}, true}, target), (Ruling{0, 6}));
    EXPECT_EQ(JudgeCase(rule, {{}, {}, false}, target), (Ruling{0, kNoToken}));
  }
}

// p = q as far as doubles say so: nothing is in excess, everything stands.
TEST(Judge, EqualLawsAcceptEverything) {
  const SparseDraft thirds{.ids = {0, 1, 2}, .counts = {33, 33, 34}};
  Distribution same;
  for (const Token id : thirds.ids) same.push_back({id, 0.0, thirds.Share(id)});
  for (const Rule rule : kLawful) {
    for (uint64_t seed = 0; seed < 300; ++seed) {
      Rows target({same, same, same, same});
      const auto id = static_cast<Token>(seed % 3);
      EXPECT_EQ(JudgeCase(rule, {{id, 2, 0}, {thirds, thirds, thirds}, true}, target, seed).accepted, 3);
    }
  }
}

// Refuses every draft, picks the first weight above 0, and remembers the addresses.
class Refusing final : public Draws {
 public:
  bool Accept(const DrawAddress& at, double) override {
    asked.push_back(at);
    return false;
  }
  size_t Pick(const DrawAddress& at, std::span<const double> weights) override {
    asked.push_back(at);
    const auto some = std::find_if(weights.begin(), weights.end(), [](double w) { return w > 0.0; });
    EXPECT_NE(some, weights.end()) << "nothing to pick from";
    return static_cast<size_t>(some - weights.begin());
  }
  std::vector<DrawAddress> asked;
};

// Rounding may let a draft fall where p = q: there is no residual then, and the correction is drawn from p.
TEST(Judge, WithoutAResidualTheCorrectionIsTheTargets) {
  const std::vector<Token> ids = {3};
  const std::vector<SparseDraft> laws = {kEven};
  for (const Rule rule : kLawful) {
    Rows target({{{4, 0.0, 0.5}, {3, 0.0, 0.5}}, Sure(9)});
    Refusing draws;
    EXPECT_EQ(Judge(rule, {.key = {}, .ids = ids, .laws = laws}, target, draws), (Ruling{0, 4}));
  }
}

TEST(Judge, EveryDrawHasItsBlocksAddress) {
  const BlockKey key{.seed = 77, .base = 10, .epoch = 4};
  const std::vector<Token> ids = {3, 4};
  const std::vector<SparseDraft> laws = {kEven, kEven};
  const DrawAddress first{key, 10, NoisePurpose::kAccept}, second{key, 11, NoisePurpose::kAccept};
  const DrawAddress pick{key, 10, NoisePurpose::kPick};
  Rows target({Sure(9), Sure(9), Sure(9)});
  Refusing token, block;
  Judge(Rule::kToken, {.key = key, .ids = ids, .laws = laws}, target, token);
  EXPECT_THAT(token.asked, ElementsAre(first, pick));
  Judge(Rule::kBlock, {.key = key, .ids = ids, .laws = laws}, target, block);
  EXPECT_THAT(block.asked, ElementsAre(second, first, pick));
}

// Rows past the first that falls need no warp, and a rejection looks at its row twice.
TEST(Judge, AsksForRowsAsTheyAreNeeded) {
  Rows token({Sure(3), Sure(9), Sure(3), Sure(3)}), block = token, coupled = token;
  const Case c{{3, 3, 3}, {kSure3, kSure3, kSure3}, true};
  JudgeCase(Rule::kToken, c, token);
  EXPECT_THAT(token.asked, ElementsAre(0, 1, 1));
  JudgeCase(Rule::kBlock, c, block);
  EXPECT_THAT(block.asked, ElementsAre(0, 1, 2, 1));
  JudgeCase(Rule::kCoupled, c, coupled);
  EXPECT_THAT(coupled.asked, ElementsAre(0, 1));
}

// What CheckDrafted would have refused, and laws without candidates: no draft stands, nothing is read past an
// end.
TEST(Judge, NonsenseStandsNowhere) {
  for (const Rule rule : kLawful) {
    Rows target({Sure(3), Sure(3)});
    EXPECT_EQ(JudgeCase(rule, {{3}, {}, true}, target), (Ruling{0, 3})) << "no law";
    const SparseDraft elsewhere{.ids = {5}, .counts = {10}};
    EXPECT_EQ(JudgeCase(rule, {{3}, {elsewhere}, true}, target), (Ruling{0, 3})) << "outside its law";
    Rows empty({{}, {}});
    EXPECT_EQ(JudgeCase(rule, {{3}, {kSure3}, true}, empty), (Ruling{0, kNoToken}));
  }
}

// The coupled rule's text is the race's own, whatever is drafted and however blocks are cut.
RC_GTEST_PROP(Judge, CoupledTextIsTheRaces, (uint64_t seed)) {
  World world(5, seed, Relation::kFree);
  Text straight, ours;
  while (straight.size() < 40) {
    straight.push_back(
        Race(world.Target(straight), {.seed = seed, .position = static_cast<Pos>(straight.size())}));
  }
  NoiseDraws draws;
  while (ours.size() < 30) {
    Text ids;
    for (int g = *rc::gen::inRange(0, 5); g > 0; --g) {
      const size_t at = ours.size() + ids.size();
      ids.push_back(*rc::gen::inRange(0, 3) > 0 ? straight[at] : *rc::gen::inRange<Token>(0, 5));
    }
    WorldLaws target(world, ours, ids);
    const BlockKey key{.seed = seed, .base = static_cast<Pos>(ours.size()), .epoch = 9};
    const Ruling ruling =
        Judge(Rule::kCoupled, {.key = key, .ids = ids, .laws = {}, .bonus = *rc::gen::arbitrary<bool>()},
              target, draws);
    Commit(ours, {.key = key, .ids = ids, .laws = {}}, ruling);
    RC_ASSERT(std::equal(ours.begin(), ours.end(), straight.begin()));
  }
}

// Drafts are history: with a penalty, a drafted id counts at the rows behind it and not at its own.
TEST(WarpedLaws, HistoryHoldsTheDraftsBefore) {
  const SamplingParams params{.temperature = 0.0f, .presence_penalty = 1.0f};
  Warper warper(params);
  const std::vector<float> logits = {2.0f, 1.9f, 1.8f, 0.0f};
  const std::vector<Token> text = {3}, drafted = {0, 1};
  WarpedLaws laws(warper, text, drafted, [&](size_t) { return std::span<const float>(logits); });
  EXPECT_EQ(laws.At(0).front().id, 0);
  EXPECT_EQ(laws.At(1).front().id, 1);
  EXPECT_EQ(laws.At(2).front().id, 2);
  EXPECT_EQ(laws.At(0).front().id, 0) << "rows may be asked for again";
}

// Texts drawn as production draws them, one a seed: the first four tokens' law fits the target's. Numbers
// that the noise shared between two addresses would show here, where the proof takes them as independent.
TEST(Judge, TextsOfManySeedsFitTheTarget) {
  constexpr int kTexts = 60000;
  for (const Rule rule : kLawful) {
    World world(3, 4, Relation::kFree);
    std::map<Text, int> seen;
    for (int i = 0; i < kTexts; ++i) {
      NoiseDraws draws;
      Text text;
      const auto seed = static_cast<uint64_t>(i);
      for (uint32_t epoch = 0; text.size() < 4; ++epoch) {
        Drafted block{.key = {.seed = seed, .base = static_cast<Pos>(text.size()), .epoch = epoch},
                      .ids = {},
                      .laws = {}};
        while (block.ids.size() < 2) {
          const Text before = Joined(text, block.ids);
          block.laws.push_back(world.Draft(before));
          block.ids.push_back(
              DrawDraft(block.laws.back(), block.key, static_cast<Pos>(before.size()), draws));
        }
        Commit(text, block, By(rule)(world, text, block, true, draws));
      }
      text.resize(4);
      ++seen[text];
    }
    // Texts that are expected less than ten times make one cell together.
    double fit = 0.0, rare = 0.0, rare_seen = 0.0;
    const auto add = [&fit](double times, double expected) {
      fit += std::pow(times - expected, 2) / expected;
    };
    for (int n = 0; n < 81; ++n) {
      const Text text = {n / 27, n / 9 % 3, n / 3 % 3, n % 3};
      double expected = kTexts;
      for (size_t at = 0; at < 4; ++at) {
        const Text before(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at));
        expected *= ProbabilityIn(world.Target(before), text[at]);
      }
      if (expected >= 10.0) {
        add(seen[text], expected);
      } else {
        rare += expected, rare_seen += seen[text];
      }
    }
    if (rare > 0.0) add(rare_seen, rare);
    EXPECT_LT(fit, 80 + 6 * std::sqrt(160.0)) << RuleName(rule) << ": chi-square, 80 degrees";
  }
}

}  // namespace
}  // namespace tandem
