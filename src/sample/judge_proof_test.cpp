// The proof that `token` and `block` keep the target's law: every path of the production code over small
// vocabularies is walked with its exact weight, and the law of the emitted text compared with the target's.
// judge_wrong_test.cpp shows what this very check says of wrong rules.
#include <gtest/gtest.h>

#include <cstdio>

#include "sample/speculation.h"

namespace tandem {
namespace {

constexpr double kExact = 1e-12;
constexpr Rule kLawful[] = {Rule::kToken, Rule::kBlock};
const TextLaw kNothingYet = {{{}, 1.0}};

constexpr Relation kRelations[] = {Relation::kFree,      Relation::kTargetZeros, Relation::kDraftZeros,
                                   Relation::kEqual,     Relation::kDisjoint,    Relation::kTargetSure,
                                   Relation::kDraftSure, Relation::kMixed};

double TotalMass(const TextLaw& law) {
  double sum = 0.0;
  for (const auto& [text, mass] : law) sum += mass;
  return sum;
}

// Total variation after `process` ran `times` in a row; numbers of one run are independent of the next's. A
// world without at least `paths` paths would prove little.
template <class F>
double DistanceAfter(World& world, int times, uint64_t paths, F process) {
  TextLaw law = kNothingYet;
  Walked walked;
  for (int i = 0; i < times; ++i) law = Extend(law, process, &walked);
  EXPECT_EQ(walked.reused, 0u) << "an address was drawn twice";
  EXPECT_GE(walked.paths, paths);
  EXPECT_NEAR(TotalMass(law), 1.0, kExact);
  return DistanceFromTarget(world, law);
}

struct Size {
  int32_t vocab;
  size_t first, second;  // draft lengths
};

// Vocabularies of 2 to 4 ids with all pairs of lengths 1 to 4 that a second has time for.
std::vector<Size> Sizes() {
  std::vector<Size> sizes;
  for (const auto& [vocab, drafts] : {std::pair{2, 8u}, {3, 6u}, {4, 5u}}) {
    for (size_t first = 1; first <= 4; ++first) {
      for (size_t second = 1; second <= 4; ++second) {
        if (first + second <= drafts) sizes.push_back({vocab, first, second});
      }
    }
  }
  return sizes;
}

// Two blocks in a row. The law after the first is merged by text: the second block's addresses are others.
TEST(RuleProof, TwoBlocksOfEveryLength) {
  double worst = 0.0;
  Walked walked;
  for (const Rule rule : kLawful) {
    for (const Relation relation : kRelations) {
      for (const Size& size : Sizes()) {
        World world(size.vocab, 17 + size.first, relation);
        TextLaw law = kNothingYet;
        for (const size_t g : {size.first, size.second}) {
          const auto round = [&](Text& text, Draws& draws) { Round(world, By(rule), Fixed(g), text, draws); };
          law = Extend(law, round, &walked);
        }
        const double distance = DistanceFromTarget(world, law);
        worst = std::max(worst, distance);
        EXPECT_LT(distance, kExact) << RuleName(rule) << ", relation " << static_cast<int>(relation)
                                    << ", vocabulary " << size.vocab << ", drafts " << size.first << " and "
                                    << size.second;
      }
    }
  }
  std::printf("two blocks in a row: total variation at most %.1e over %llu paths\n", worst,
              static_cast<unsigned long long>(walked.paths));
  EXPECT_EQ(walked.reused, 0u);
  EXPECT_GT(walked.paths, 100'000u);
}

// The same with nothing merged: one path runs through both blocks, and a number that the second block shared
// with the first would be enumerated as shared.
TEST(RuleProof, TwoBlocksOnOnePath) {
  constexpr Size kSizes[] = {{2, 1, 4}, {2, 2, 2}, {2, 3, 3}, {2, 4, 1}, {3, 2, 2}, {4, 1, 2}};
  for (const Rule rule : kLawful) {
    for (const Size& size : kSizes) {
      for (uint64_t seed = 0; seed < 3; ++seed) {
        World world(size.vocab, seed, seed < 2 ? Relation::kFree : Relation::kMixed);
        const uint64_t paths = seed < 2 ? 100 : 2;
        const double distance = DistanceAfter(world, 1, paths, [&](Text& text, Draws& draws) {
          Round(world, By(rule), Fixed(size.first), text, draws);
          Round(world, By(rule), Fixed(size.second), text, draws);
        });
        EXPECT_LT(distance, kExact) << RuleName(rule) << ", vocabulary " << size.vocab;
      }
    }
  }
}

TEST(RuleProof, ManyWorlds) {
  for (const Rule rule : kLawful) {
    for (uint64_t seed = 0; seed < 150; ++seed) {
      World world(3, seed, seed % 2 == 0 ? Relation::kFree : Relation::kMixed);
      const double distance = DistanceAfter(
          world, 2, 2, [&](Text& text, Draws& draws) { Round(world, By(rule), Fixed(2), text, draws); });
      EXPECT_LT(distance, kExact) << RuleName(rule) << ", world " << seed;
    }
  }
}

// A length that is settled before its next id is drawn may look at anything known by then: the committed text
// and the ids drafted so far.
TEST(RuleProof, LengthsMayFollowWhatIsKnown) {
  const Length by_text = [](const Text& text, const Text& drafted) {
    const size_t g =
        text.empty() ? 2 : static_cast<size_t>(text.back() + static_cast<Token>(text.size()) % 3);
    return drafted.size() < g;
  };
  const Length by_drafts = [](const Text&, const Text& drafted) {
    return drafted.empty() || (drafted.size() < 3 && drafted.back() != 0);
  };
  for (const Rule rule : kLawful) {
    for (uint64_t seed = 0; seed < 20; ++seed) {
      World world(3, seed, Relation::kMixed);
      for (const Length& length : {by_text, by_drafts}) {
        const double distance = DistanceAfter(
            world, 3, 3, [&](Text& text, Draws& draws) { Round(world, By(rule), length, text, draws); });
        EXPECT_LT(distance, kExact) << RuleName(rule) << ", world " << seed;
      }
    }
  }
}

// Three blocks drafted before the first is judged. While one is behind, no bonus is taken; where one falls,
// what follows it is stale, and the next branch is drafted in a new epoch.
void Stream(World& world, const Judging& judge, const std::vector<Length>& lengths, Text& text,
            Draws& draws) {
  std::vector<Drafted> window;
  Text ahead = text;
  for (const Length& length : lengths) {
    window.push_back(DraftBlockAt(world, ahead, 0, length, draws));
    ahead = Joined(ahead, window.back().ids);
  }
  for (const Drafted& block : window) {
    const bool last = &block == &window.back();
    if (!Commit(text, block, judge(world, text, block, last, draws))) break;
  }
  const Drafted next = DraftBlockAt(world, text, 1, Fixed(1), draws);
  Commit(text, next, judge(world, text, next, true, draws));
}

TEST(RuleProof, NoBonusWhileLaterDraftsAreInFlight) {
  for (const Rule rule : kLawful) {
    for (uint64_t seed = 0; seed < 12; ++seed) {
      World world(2, seed, seed % 2 == 0 ? Relation::kFree : Relation::kMixed);
      const double distance = DistanceAfter(world, 1, seed % 2 == 0 ? 50 : 2, [&](Text& text, Draws& draws) {
        Stream(world, By(rule), {Fixed(2), Fixed(1), Fixed(2)}, text, draws);
      });
      EXPECT_LT(distance, kExact) << RuleName(rule) << ", world " << seed;
    }
  }
}

// What went stale may steer later lengths: its numbers were the old epoch's. (judge_wrong_test.cpp has the
// same process without epochs in the addresses.)
TEST(RuleProof, StaleDraftsMaySteerTheNextLength) {
  for (const Rule rule : kLawful) {
    for (uint64_t seed = 0; seed < 12; ++seed) {
      World world(3, seed, Relation::kFree);
      const double distance = DistanceAfter(world, 1, seed % 2 == 0 ? 50 : 2, [&](Text& text, Draws& draws) {
        const Drafted first = DraftBlockAt(world, text, 0, Fixed(1), draws);
        const Drafted behind = DraftBlockAt(world, first.ids, 0, Fixed(1), draws);
        const bool stands = Commit(text, first, By(rule)(world, text, first, false, draws));
        const bool more = stands || behind.ids[0] == 0;
        const Drafted next = stands ? behind : DraftBlockAt(world, text, 1, Fixed(more ? 1 : 0), draws);
        Commit(text, next, By(rule)(world, text, next, true, draws));
      });
      EXPECT_LT(distance, kExact) << RuleName(rule) << ", world " << seed;
    }
  }
}

// The cloud went ahead by itself before a block came in. While the block's ids are the text, they count; what
// remains of the block is a block of its own; at the first that differs, it is stale.
TEST(RuleProof, LateDraftsThatAgreeMayGoOn) {
  for (const Rule rule : kLawful) {
    for (uint64_t seed = 0; seed < 12; ++seed) {
      World world(3, seed, seed % 2 == 0 ? Relation::kFree : Relation::kMixed);
      const double distance = DistanceAfter(world, 1, seed % 2 == 0 ? 50 : 2, [&](Text& text, Draws& draws) {
        Drafted late = DraftBlockAt(world, text, 0, Fixed(3), draws);
        const Drafted none{.key = {.base = 0, .epoch = 0}, .ids = {}, .laws = {}};
        Commit(text, none, By(rule)(world, text, none, true, draws));
        if (late.ids[0] != text[0]) return;
        late = {.key = {.base = 1, .epoch = 0},
                .ids = Text(late.ids.begin() + 1, late.ids.end()),
                .laws = {late.laws.begin() + 1, late.laws.end()}};
        Commit(text, late, By(rule)(world, text, late, true, draws));
      });
      EXPECT_LT(distance, kExact) << RuleName(rule) << ", world " << seed;
    }
  }
}

// Mean length of what one block of g drafts emits.
double MeanTokens(World& world, Rule rule, size_t g) {
  double mean = 0.0;
  const TextLaw law =
      Extend(kNothingYet, [&](Text& text, Draws& draws) { Round(world, By(rule), Fixed(g), text, draws); });
  for (const auto& [text, mass] : law) mean += mass * static_cast<double>(text.size());
  return mean;
}

// A rule that refused everything would be lossless too. A single draft stands as often as any rule can have
// it, sum min(p, q), and `block` emits no less than `token`.
TEST(RuleProof, AcceptanceIsWhatTheRulesPromise) {
  double token = 0.0, block = 0.0;
  int better = 0;
  for (uint64_t seed = 0; seed < 60; ++seed) {
    World world(3, seed, seed % 3 == 0 ? Relation::kMixed : Relation::kFree);
    double overlap = 0.0;
    for (const Candidate& c : world.Target({})) overlap += std::min(c.p, world.Draft({}).Share(c.id));
    EXPECT_NEAR(MeanTokens(world, Rule::kToken, 1), 1.0 + overlap, kExact);
    EXPECT_NEAR(MeanTokens(world, Rule::kBlock, 1), 1.0 + overlap, kExact);
    const double by_token = MeanTokens(world, Rule::kToken, 3), by_block = MeanTokens(world, Rule::kBlock, 3);
    EXPECT_GE(by_block, by_token - kExact) << "world " << seed;
    better += by_block > by_token + 1e-6 ? 1 : 0;
    token += by_token / 60;
    block += by_block / 60;
  }
  std::printf("tokens a round of 3 drafts, 60 worlds: token %.4f, block %.4f, better in %d\n", token, block,
              better);
  EXPECT_GT(better, 30);
}

}  // namespace
}  // namespace tandem
