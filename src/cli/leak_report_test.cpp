// A leak report says what was counted: shares, bytes, perplexities, and who knows the generated tokens
// anyway.
#include "cli/leak_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

namespace tandem {
namespace {

using ::testing::HasSubstr;

MeasuredLeak SomeLeak() {
  MeasuredLeak leak;
  leak.model = "m.gguf";
  leak.file = "t.txt";
  leak.codec = "int8/token";
  leak.split = 2;
  leak.layers = 6;
  leak.report.readings = {{"nearest embedding", {3, 4}, {1, 3}}, {"re-encoding", {4, 4}, {}}};
  leak.report.prompt = {5, 50};
  leak.report.nll = 20 * std::log(4.0);
  leak.report.coded_nll = 20 * std::log(5.0);
  leak.report.scored = 20;
  leak.report.metric = RowMetric::kCosine;
  leak.report.centred = true;
  return leak;
}

TEST(LeakReport, JsonHasSharesBytesAndPerplexities) {
  const auto json = ToJson(SomeLeak());
  EXPECT_EQ(json.at("readings")[0].at("prompt").dump(), R"({"right":3,"of":4,"share":0.75})");
  EXPECT_EQ(json.at("readings")[0].at("generated").at("share"), 0.3333);
  EXPECT_EQ(json.at("readings")[1].at("generated").at("share"), 0.0);
  EXPECT_EQ(json.at("prompt").at("bytes_per_token"), 10.0);
  EXPECT_EQ(json.at("generated").at("bytes_per_token"), 0.0);
  EXPECT_EQ(json.at("ppl"), 5.0);
  EXPECT_EQ(json.at("ppl_base"), 4.0);
  EXPECT_EQ(json.at("dppl"), 0.25);
  EXPECT_EQ(json.at("nearest").dump(), R"({"metric":"cosine","centred":true})");
}

TEST(LeakReport, TextSaysWhoKnowsTheGeneratedTokensAnyway) {
  const std::string text = ReportText(SomeLeak());
  EXPECT_THAT(text, HasSubstr("2 of 6 layers below the cut, rows as int8/token"));
  EXPECT_THAT(text, HasSubstr("nearest embedding (cosine, centred)"));
  EXPECT_THAT(text, HasSubstr("75.0 %      33.3 %"));
  EXPECT_THAT(text, HasSubstr("100.0 %           -"));
  EXPECT_THAT(text, HasSubstr("perplexity 5.000, 4.000 without the codec (+25.00 %)"));
  EXPECT_THAT(text, HasSubstr("A cloud that holds the head draws these tokens itself"));
}

}  // namespace
}  // namespace tandem
