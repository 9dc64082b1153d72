// The arithmetic of a cut: times by hand, a prompt's blocks in a pipe, the bound, the front, the battery.
#include "edge/cut_plan.h"

#include <gtest/gtest.h>

namespace tandem {
namespace {

HalfTimes Half(double row_us) {
  return {.row_us = row_us, .tail_us = row_us * 4, .block_us = row_us * 5};
}

constexpr RowsCost kFree{};

TEST(SplitTimes, AddUpBothHalvesTheLinkAndTheCodec) {
  const CutTimes cut{3, Half(1000), Half(2000)};
  const RowsCost rows{.prompt_bytes = 100, .row_bytes = 186, .encode_us = 30, .decode_us = 20};
  const LinkTimes link{.rtt_us = 30000, .up_bytes_per_us = 0.1, .down_bytes_per_us = 0.01};
  const SplitTimes times = PredictSplit(cut, false, rows, link, {.prompt = 1, .tokens = 10});
  // 186 + 14 bytes at 0.1 a us are 2000 us; a verdict's 12 at 0.01 are 1200.
  EXPECT_DOUBLE_EQ(times.token_us, 1000 + 30 + 20 + 2000 + 30000 + 2000 + 1200);
  EXPECT_DOUBLE_EQ(times.first_us, 2 * 30000 + times.token_us);  // Welcome and Opened before it
  EXPECT_DOUBLE_EQ(times.edge_busy_us, 1030);
  EXPECT_DOUBLE_EQ(times.MeanUs(10), (times.first_us + 9 * times.token_us) / 10);
}

TEST(SplitTimes, APromptsBlocksOverlapAndTheSlowestStationRules) {
  const CutTimes cut{3, Half(1000), Half(2000)};  // blocks: 5 ms here, 10 ms there
  const auto prompt_us = [&](double rate) {
    const SplitTimes times = PredictSplit(cut, false, {.prompt_bytes = 100}, {.up_bytes_per_us = rate},
                                          {.prompt = 4 * 64 + 1, .tokens = 1});
    return times.first_us - times.token_us;
  };
  EXPECT_DOUBLE_EQ(prompt_us(0), 5000 + 4 * 10000);  // the cloud waits for the first block alone
  const double line_us = (64 * 100 + 14) / 0.2;      // 32 ms a block: the link rules
  EXPECT_DOUBLE_EQ(prompt_us(0.2), 5000 + 4 * line_us + 10000);
}

TEST(SplitTimes, WithAllLayersHereAPromptSendsNothing) {
  const CutTimes cut{6, Half(1000), Half(10)};
  const SplitTimes times =
      PredictSplit(cut, true, {.prompt_bytes = 1e9}, {.up_bytes_per_us = 1}, {.prompt = 65, .tokens = 1});
  EXPECT_DOUBLE_EQ(times.first_us - times.token_us, 5000);
}

TEST(SplitTimes, APromptsTailIsLinearBetweenWhatWasMeasured) {
  const CutTimes cut{0, Half(0), Half(3100)};
  const auto first = [&](int prompt) {
    return PredictSplit(cut, false, kFree, {}, {.prompt = prompt, .tokens = 1}).first_us;
  };
  EXPECT_DOUBLE_EQ(first(2) - first(1), 3100);
  EXPECT_DOUBLE_EQ(first(1 + kTailRows) - first(1), 4 * 3100);
}

// Cuts behind 0 and 2 layers; the edge is slow, the coarse codec short.
CutPlan Plan() {
  const CodecAtCut fine{"f16", {.row_bytes = 1000}, -0.001}, coarse{"int4/token", {.row_bytes = 200}, 0.02};
  return {2, {{{0, Half(0), Half(1000)}, {fine, coarse}}, {{2, Half(5000), Half(100)}, {fine, coarse}}}};
}

CutTerms Terms(double max_dppl) {
  return {.link = {.up_bytes_per_us = 0.1}, .text = {1, 1}, .max_dppl = max_dppl};
}

TEST(CutPlan, TakesTheLeastTimeThatKeepsTheBound) {
  const auto loose = BestCut(Plan(), Terms(0.05));
  ASSERT_TRUE(loose);
  EXPECT_EQ(loose->codec, "int4/token");
  EXPECT_EQ(loose->begin, 0);
  const auto tight = BestCut(Plan(), Terms(0.005));
  ASSERT_TRUE(tight);
  EXPECT_EQ(tight->codec, "f16");
  EXPECT_GT(tight->cost_us, loose->cost_us);
}

TEST(CutPlan, SaysWhenNothingKeepsTheBound) {
  CutPlan plan = Plan();
  for (PlannedCut& cut : plan.cuts) cut.codecs.erase(cut.codecs.begin());  // f16
  EXPECT_FALSE(BestCut(plan, Terms(0.005)));
}

TEST(CutPlan, ALossBelowNoneIsNone) {
  EXPECT_TRUE(BestCut(Plan(), Terms(0)));
}

TEST(CutPlan, TheFrontHasNothingThatAnotherBeatsInBoth) {
  const auto ranked = RankCuts(Plan(), Terms(0));
  ASSERT_EQ(ranked.size(), 4u);
  const auto front = ParetoFront(ranked);
  ASSERT_EQ(front.size(), 2u);
  EXPECT_EQ(front[0].codec, "int4/token");
  EXPECT_EQ(front[1].codec, "f16");
  EXPECT_EQ(front[0].begin, 0);
  EXPECT_EQ(front[1].begin, 0);
}

TEST(CutPlan, AFastEdgeTakesTheLayersAndAWeakBatteryGivesThemBack) {
  const CutPlan plan = Scaled(Plan(), 0.1, 10);  // 500 us for all layers here, 10 ms for them there
  CutTerms terms = Terms(0.05);
  EXPECT_EQ(BestCut(plan, terms)->begin, 2);
  terms.edge_weight = 30;  // 500 us of work here cost 15 ms
  EXPECT_EQ(BestCut(plan, terms)->begin, 0);
}

}  // namespace
}  // namespace tandem
