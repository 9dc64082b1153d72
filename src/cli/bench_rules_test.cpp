// What the rules' bench counts and refuses, on the demo pair.
#include "cli/bench_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tandem {
namespace {

using testing::HasSubstr;

const std::string kModels = TANDEM_SOURCE_DIR "/models/";

RulesBenchOptions Small() {
  RulesBenchOptions options;
  options.target = kModels + "demo-target-q8_0.gguf";
  options.draft = kModels + "demo-draft-q8_0.gguf";
  options.prompts = {"Once upon a time, there was a little bear", "Tom had a blue boat."};
  options.tokens = 16;
  options.temperatures = {0.0f, 1.0f};
  return options;
}

const RulesBenchRow& Row(const std::vector<RulesBenchRow>& rows, const std::string& pair, Rule rule,
                         float temperature) {
  for (const RulesBenchRow& row : rows) {
    if (row.pair == pair && row.rule == rule && row.temperature == temperature) return row;
  }
  ADD_FAILURE() << "no row of pair " << pair;
  return rows.front();
}

TEST(BenchRules, CountsEveryRuleTemperatureAndPair) {
  std::vector<std::string> told;
  RulesBenchOptions options = Small();
  options.temperatures = {0.7f};
  const auto rows = BenchRules(options, [&](std::string_view line) { told.emplace_back(line); });
  ASSERT_TRUE(rows) << rows.error().message;
  ASSERT_EQ(rows->size(), 3u * 3u);
  EXPECT_EQ(told.size(), rows->size());
  EXPECT_EQ(told.front(), "pair demo, temperature 0.7, rule coupled");
  for (const RulesBenchRow& row : *rows) {
    const SpeculationCounts& counts = row.counts;
    EXPECT_EQ(counts.drafted, 4 * counts.rounds);
    EXPECT_GE(counts.tokens, 2u * 16u);
    EXPECT_LE(counts.accepted, counts.verified);
    EXPECT_LE(counts.verified, counts.drafted);
    EXPECT_LE(counts.tokens, counts.accepted + counts.rounds);
    // 6 bytes of framing and at least 3 of the frame, a round; ids or laws come to that.
    EXPECT_GT(counts.uplink_bytes, 9 * counts.rounds);
  }
}

// The target as its own draft is never wrong under the coupled rule; with lawful rules it is wrong only as
// far as its sparse law is off; and at temperature 0 no rule is.
TEST(BenchRules, TheTargetAgreesWithItself) {
  const auto rows = BenchRules(Small(), [](std::string_view) {});
  ASSERT_TRUE(rows) << rows.error().message;
  EXPECT_EQ(Row(*rows, "self", Rule::kCoupled, 1.0f).Acceptance(), 1.0);
  for (const Rule rule : {Rule::kCoupled, Rule::kToken, Rule::kBlock}) {
    EXPECT_EQ(Row(*rows, "self", rule, 0.0f).Acceptance(), 1.0);
    EXPECT_EQ(Row(*rows, "self", rule, 0.0f).TokensPerRound(), 5.0);
    EXPECT_LT(Row(*rows, "hot", rule, 1.0f).Acceptance(), Row(*rows, "self", rule, 1.0f).Acceptance());
    // At temperature 0 a draft's law is one id: no rule accepts more than equal ids.
    EXPECT_EQ(Row(*rows, "demo", rule, 0.0f).counts.accepted,
              Row(*rows, "demo", Rule::kCoupled, 0.0f).counts.accepted);
  }
  EXPECT_GT(Row(*rows, "self", Rule::kToken, 1.0f).Acceptance(), 0.8);
}

TEST(BenchRules, RefusesWhatItCannotMeasure) {
  const auto why = [](RulesBenchOptions options) {
    const auto rows = BenchRules(options, [](std::string_view) {});
    return rows ? std::string() : rows.error().message;
  };
  RulesBenchOptions options = Small();
  options.prompts.clear();
  EXPECT_THAT(why(options), HasSubstr("there are 0 prompts"));
  options = Small();
  options.draft_length = 0;
  EXPECT_THAT(why(options), HasSubstr("a block of 0 drafts"));
  options = Small();
  options.lattice = 4;
  EXPECT_THAT(why(options), HasSubstr("number of ids is 8, outside 1..4"));
  options = Small();
  options.draft = "/no/such.gguf";
  EXPECT_THAT(why(options), HasSubstr("/no/such.gguf"));
}

}  // namespace
}  // namespace tandem
