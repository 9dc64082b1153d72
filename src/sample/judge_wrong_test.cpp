// The wrong rules of the field, and what the checker of judge_proof_test.cpp says of each: a total variation
// far above rounding. Each is a few lines that replace one thing of the right process.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>

#include "sample/speculation.h"

namespace tandem {
namespace {

constexpr int kWorlds = 20;

using Process = std::function<void(World&, Text&, Draws&)>;

// Mean total variation over worlds whose draft is merely different from the target.
double Bias(int32_t vocab, const Process& process) {
  double sum = 0.0;
  for (uint64_t seed = 0; seed < kWorlds; ++seed) {
    World world(vocab, seed, Relation::kFree);
    const TextLaw law = Extend({{{}, 1.0}}, [&](Text& text, Draws& draws) { process(world, text, draws); });
    sum += DistanceFromTarget(world, law);
  }
  return sum / kWorlds;
}

void Show(const char* what, double bias, double right) {
  std::printf("%-58s total variation %.4f, done right %.1e\n", what, bias, right);
}

// One block of g drafts under `judge`.
Process OneBlock(Judging judge, size_t g) {
  return [judge = std::move(judge), g](World& world, Text& text, Draws& draws) {
    Round(world, judge, Fixed(g), text, draws);
  };
}

double Likelihood(World& world, const Text& text, const Drafted& block, size_t i) {
  WorldLaws laws(world, text, block.ids);
  return ProbabilityIn(laws.At(i), block.ids[i]);
}

DrawAddress Address(const Drafted& block, size_t i, NoisePurpose purpose) {
  return {block.key, block.key.base + static_cast<Pos>(i), purpose};
}

Token PickOf(const Distribution& law, const Drafted& block, size_t i, Draws& draws) {
  std::vector<double> weights;
  for (const Candidate& c : law) weights.push_back(c.p);
  return law[draws.Pick(Address(block, i, NoisePurpose::kPick), weights)].id;
}

// The token-wise rule with its parts made replaceable.
struct Parts {
  std::function<double(double p, double q)> chance = [](double p, double q) { return std::min(1.0, p / q); };
  // The law after draft x fell.
  std::function<Distribution(const Distribution& p, const SparseDraft& q, Token x)> correction =
      [](const Distribution& p, const SparseDraft& q, Token) {
        Distribution rest = p;
        for (Candidate& c : rest) c.p = std::max(0.0, c.p - q.Share(c.id));
        return rest;
      };
  std::function<Distribution(const Distribution& p)> bonus = [](const Distribution& p) { return p; };
};

Judging With(Parts parts) {
  return [parts](World& world, const Text& text, const Drafted& block, bool, Draws& draws) -> Ruling {
    WorldLaws laws(world, text, block.ids);
    const size_t g = block.ids.size();
    for (size_t i = 0; i < g; ++i) {
      const Token x = block.ids[i];
      const double p = Likelihood(world, text, block, i), q = block.laws[i].Share(x);
      if (draws.Accept(Address(block, i, NoisePurpose::kAccept), parts.chance(p, q))) continue;
      return {static_cast<int32_t>(i),
              PickOf(parts.correction(laws.At(i), block.laws[i], x), block, i, draws)};
    }
    return {static_cast<int32_t>(g), PickOf(parts.bonus(laws.At(g)), block, g, draws)};
  };
}

double RightBias(int32_t vocab, size_t g) {
  return Bias(vocab, OneBlock(With({}), g));
}

// System 2: on rejection only the drafted token's probability is lowered (to max(0, p - a q), a = min(1,
// p/q)), the others stay as they are.
TEST(WrongRules, ResidualOfTheDraftedTokenAlone) {
  Parts parts;
  parts.correction = [](const Distribution& p, const SparseDraft& q, Token x) {
    Distribution rest = p;
    for (Candidate& c : rest) {
      const double share = q.Share(x);
      if (c.id == x) c.p = std::max(0.0, c.p - std::min(1.0, c.p / share) * share);
    }
    return rest;
  };
  const double bias = Bias(3, OneBlock(With(parts), 3)), right = RightBias(3, 3);
  Show("residual at the drafted token alone (system 2)", bias, right);
  EXPECT_GT(bias, 0.03);
  EXPECT_LT(right, 1e-12);
}

// System 2: the bonus comes from another generate() call, at temperature 0.8 instead of 0.7.
TEST(WrongRules, BonusFromAnotherLaw) {
  Parts parts;
  parts.bonus = [](const Distribution& p) {
    Distribution warmer = p;
    for (Candidate& c : warmer) c.p = std::pow(c.p, 0.7 / 0.8);
    return warmer;
  };
  const double bias = Bias(3, OneBlock(With(parts), 2)), right = RightBias(3, 2);
  Show("bonus from another temperature (system 2)", bias, right);
  EXPECT_GT(bias, 0.003);
  EXPECT_LT(right, 1e-12);
}

// DSSD as released: the ratio upside down.
TEST(WrongRules, InvertedRatio) {
  Parts parts;
  parts.chance = [](double p, double q) { return p > 0.0 ? std::min(1.0, q / p) : 1.0; };
  const double bias = Bias(3, OneBlock(With(parts), 2)), right = RightBias(3, 2);
  Show("accepting with min(1, q/p) (DSSD)", bias, right);
  EXPECT_GT(bias, 0.1);
  EXPECT_LT(right, 1e-12);
}

// System 4: a draft stands while at most 19 ids are likelier, else the argmax takes its place.
TEST(WrongRules, RankUpToTwenty) {
  constexpr int32_t kVocab = 40;
  const Judging by_rank = [](World& world, const Text& text, const Drafted& block, bool,
                             Draws& draws) -> Ruling {
    const Distribution& p = world.Target(text);
    const double mine = Likelihood(world, text, block, 0);
    const auto likelier =
        std::count_if(p.begin(), p.end(), [mine](const Candidate& c) { return c.p > mine; });
    if (likelier < 20) return {1, PickOf(world.Target(block.ids), block, 1, draws)};
    return {0, std::max_element(p.begin(), p.end(), [](const Candidate& a, const Candidate& b) {
                 return a.p < b.p;
               })->id};
  };
  const double bias = Bias(kVocab, OneBlock(by_rank, 1)), right = RightBias(kVocab, 1);
  Show("accepting up to rank 20 of 40 (system 4)", bias, right);
  EXPECT_GT(bias, 0.2);
  EXPECT_LT(right, 1e-12);
}

// Hands all decisions on under addresses that leave something out.
class Coarser final : public Draws {
 public:
  using Forget = std::function<void(DrawAddress&)>;
  Coarser(Draws& to, Forget forget) : to_(to), forget_(std::move(forget)) {}

  bool Accept(const DrawAddress& at, double probability) override {
    return to_.Accept(Less(at), probability);
  }
  size_t Pick(const DrawAddress& at, std::span<const double> weights) override {
    return to_.Pick(Less(at), weights);
  }

 private:
  DrawAddress Less(DrawAddress at) const {
    forget_(at);
    return at;
  }
  Draws& to_;
  Forget forget_;
};

// Numbers addressed by position alone: where the first block fails early, the second is judged by numbers
// that the first has already been judged by.
TEST(WrongRules, DrawsReusedAcrossBlocks) {
  const auto blocks = [](const Coarser::Forget& forget) -> Process {
    return [forget](World& world, Text& text, Draws& draws) {
      Coarser coarser(draws, forget);
      Round(world, By(Rule::kBlock), Fixed(3), text, coarser);
      Round(world, By(Rule::kBlock), Fixed(2), text, coarser);
    };
  };
  const double bias = Bias(2, blocks([](DrawAddress& at) { at.block.base = 0; }));
  const double right = Bias(2, blocks([](DrawAddress&) {}));
  Show("rule block, draws keyed without the block's base", bias, right);
  EXPECT_GT(bias, 0.005);
  EXPECT_LT(right, 1e-12);
}

// Only the acceptance draws reused, drafts fresh.
TEST(WrongRules, AcceptanceDrawsReusedAcrossBlocks) {
  const Process process = [](World& world, Text& text, Draws& draws) {
    Coarser coarser(draws, [](DrawAddress& at) {
      if (at.purpose == NoisePurpose::kAccept) at.block.base = 0;
    });
    Round(world, By(Rule::kBlock), Fixed(3), text, coarser);
    Round(world, By(Rule::kBlock), Fixed(2), text, coarser);
  };
  const double bias = Bias(2, process);
  Show("rule block, acceptance draws alone keyed so", bias, 0.0);
  EXPECT_GT(bias, 0.001);
}

// A stale draft is seen, steers the next block's length, and its number draws the same position again.
TEST(WrongRules, StaleDrawsUsedAgain) {
  const auto process = [](bool epochs) -> Process {
    return [epochs](World& world, Text& text, Draws& all) {
      Coarser draws(all, [epochs](DrawAddress& at) {
        if (!epochs) at.block.epoch = 0;
      });
      const Drafted first = DraftBlockAt(world, text, 0, Fixed(1), draws);
      const Drafted behind = DraftBlockAt(world, first.ids, 0, Fixed(1), draws);
      const bool stands = Commit(text, first, By(Rule::kToken)(world, text, first, false, draws));
      const size_t g = behind.ids[0] == 0 ? 1 : 0;
      const Drafted next = stands ? behind : DraftBlockAt(world, text, 1, Fixed(g), draws);
      Commit(text, next, By(Rule::kToken)(world, text, next, true, draws));
    };
  };
  const double bias = Bias(3, process(false)), right = Bias(3, process(true));
  Show("stale drafts steer a length, draws keyed without epoch", bias, right);
  EXPECT_GT(bias, 0.005);
  EXPECT_LT(right, 1e-12);
}

// The edge draws from its dense law and sends the rounded one.
TEST(WrongRules, DraftsFromTheDenseLaw) {
  for (const Rule rule : {Rule::kToken, Rule::kBlock}) {
    const auto process = [rule](bool dense) -> Process {
      return [rule, dense](World& world, Text& text, Draws& draws) {
        Drafted block{.key = {.base = static_cast<Pos>(text.size()), .epoch = 0}, .ids = {}, .laws = {}};
        while (block.ids.size() < 2) {
          const Text before = Joined(text, block.ids);
          block.laws.push_back(world.Draft(before));
          const Distribution from = world.Dense(before);
          const DrawAddress at = Address(block, block.ids.size(), NoisePurpose::kDraft);
          std::vector<double> weights;
          for (const Candidate& c : from) weights.push_back(c.p);
          block.ids.push_back(dense ? from[draws.Pick(at, weights)].id
                                    : DrawDraft(block.laws.back(), block.key, at.position, draws));
        }
        Commit(text, block, By(rule)(world, text, block, true, draws));
      };
    };
    const double bias = Bias(3, process(true)), right = Bias(3, process(false));
    Show(rule == Rule::kToken ? "rule token, drafts from the dense law"
                              : "rule block, drafts from the dense law",
         bias, right);
    EXPECT_GT(bias, 0.003);
    EXPECT_LT(right, 1e-12);
  }
}

// The edge draws an id, looks at it, and rather sends without it.
TEST(WrongRules, LengthSettledAfterTheDraw) {
  for (const Rule rule : {Rule::kToken, Rule::kBlock}) {
    const Process process = [rule](World& world, Text& text, Draws& draws) {
      Drafted block = DraftBlockAt(world, text, 0, Fixed(2), draws);
      if (block.ids.back() != 0) {
        block.ids.pop_back();
        block.laws.pop_back();
      }
      Commit(text, block, By(rule)(world, text, block, true, draws));
    };
    const double bias = Bias(3, process);
    Show(rule == Rule::kToken ? "rule token, length settled after the draw"
                              : "rule block, length settled after the draw",
         bias, Bias(3, OneBlock(By(rule), 2)));
    EXPECT_GT(bias, 0.03);
  }
}

}  // namespace
}  // namespace tandem
