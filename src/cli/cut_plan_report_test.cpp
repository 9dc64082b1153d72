// A plan is told, drawn, written and read again; a damaged file is refused with the field's name.
#include "cli/cut_plan_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <nlohmann/json.hpp>

#include "cli/cut_plan_file.h"
#include "cli/output.h"

namespace tandem {
namespace {

using ::testing::HasSubstr;
using Json = nlohmann::ordered_json;

// Two cuts; the coarse codec is past the bound.
MeasuredPlan SomePlan() {
  MeasuredPlan measured;
  measured.request.model = "models/m.gguf";
  measured.request.file = "t.txt";
  measured.request.windows.context = 256;
  measured.request.terms = {.link = {.rtt_us = 30'000, .up_bytes_per_us = 1.25, .down_bytes_per_us = 0},
                            .text = {.prompt = 65, .tokens = 10},
                            .max_dppl = 0.005};
  measured.identity = "abc";
  measured.width = 288;
  measured.windows = 4;
  measured.ppl = 4.5;
  measured.plan.layers = 6;
  const CodecAtCut fine{
      "f16", {.prompt_bytes = 576, .row_bytes = 577, .encode_us = 1, .block_encode_us = 9}, -0.0001};
  const CodecAtCut coarse{
      "int4/token", {.prompt_bytes = 146, .row_bytes = 147, .encode_us = 2, .block_encode_us = 9}, 0.02};
  const HalfTimes quick{100, 400, 700}, slow{5000, 20'000, 30'000};
  measured.plan.cuts = {{{1, quick, slow}, {fine, coarse}}, {{6, slow, {300, 0, 0}}, {fine, coarse}}};
  return measured;
}

TEST(CutPlanReport, TextHasTheLinkTheFrontAndTheAdvice) {
  const std::string text = ReportText(SomePlan());
  EXPECT_THAT(text, HasSubstr("m.gguf, 6 layers of width 288"));
  EXPECT_THAT(text, HasSubstr("round trip 30 ms, 10 Mbit/s up, any rate down"));
  EXPECT_THAT(text, HasSubstr("within +0.5 %: --mode split --split 6 --codec f16"));
}

TEST(CutPlanReport, SaysWhenNothingKeepsTheBound) {
  MeasuredPlan measured = SomePlan();
  for (PlannedCut& cut : measured.plan.cuts) cut.codecs.erase(cut.codecs.begin());
  EXPECT_THAT(ReportText(measured), HasSubstr("nothing that was tried stays within +0.5 %"));
  EXPECT_TRUE(ToJson(measured).at("best").is_null());
}

TEST(CutPlanReport, ChartHasTheFrontAndASeriesACut) {
  const Chart chart = ReportChart(SomePlan());
  ASSERT_EQ(chart.series.size(), 3u);
  EXPECT_EQ(chart.series[0].name, "front");
  EXPECT_EQ(chart.series[1].points.size(), 2u);
  for (const auto& [ms, percent] : chart.series[0].points) EXPECT_GE(percent, 0);
}

TEST(CutPlanFile, ReadsWhatWasWritten) {
  const MeasuredPlan measured = SomePlan();
  const auto kept = ParseKeptPlan(JsonText(ToJson(measured)));
  ASSERT_TRUE(kept) << kept.error().message;
  EXPECT_EQ(kept->identity, "abc");
  EXPECT_EQ(kept->plan.layers, 6);
  EXPECT_DOUBLE_EQ(kept->terms.max_dppl, 0.005);
  EXPECT_DOUBLE_EQ(kept->terms.link.up_bytes_per_us, 1.25);
  ASSERT_EQ(kept->plan.cuts.size(), 2u);
  const auto here = RankCuts(measured.plan, measured.request.terms),
             there = RankCuts(kept->plan, kept->terms);
  ASSERT_EQ(here.size(), there.size());
  for (size_t i = 0; i < here.size(); ++i) {
    EXPECT_EQ(here[i].begin, there[i].begin);
    EXPECT_EQ(here[i].codec, there[i].codec);
    EXPECT_NEAR(here[i].cost_us, there[i].cost_us, 1);
  }
}

std::string Refusal(const std::function<void(Json&)>& damage) {
  Json json = ToJson(SomePlan());
  damage(json);
  const auto kept = ParseKeptPlan(JsonText(json));
  return kept ? "" : kept.error().message;
}

TEST(CutPlanFile, RefusesWhatMakesNoSense) {
  EXPECT_THAT(Refusal([](Json& j) { j.erase("identity"); }), HasSubstr("identity"));
  EXPECT_THAT(Refusal([](Json& j) { j["layers"] = 2.5; }), HasSubstr("layers is 2.5"));
  EXPECT_THAT(Refusal([](Json& j) { j["layers"] = 3; }), HasSubstr("begin is 6"));
  EXPECT_THAT(Refusal([](Json& j) { j["max_dppl"] = -1; }), HasSubstr("max_dppl is -1"));
  EXPECT_THAT(Refusal([](Json& j) { j["cuts"] = Json::array(); }), HasSubstr("cuts is no list"));
  EXPECT_THAT(Refusal([](Json& j) { j["cuts"][1]["begin"] = 1; }), HasSubstr("cut 1 comes behind cut 1"));
  EXPECT_THAT(Refusal([](Json& j) { j["cuts"][0]["edge"]["row_us"] = "fast"; }), HasSubstr("row_us"));
  EXPECT_THAT(Refusal([](Json& j) { j["cuts"][0]["codecs"][0]["codec"] = "int9"; }), HasSubstr("int9"));
  EXPECT_THAT(Refusal([](Json& j) { j["cuts"][0]["codecs"] = 7; }), HasSubstr("codecs is no list"));
  EXPECT_THAT(Refusal([](Json& j) { j = 7; }), HasSubstr("no JSON object"));
}

TEST(CutPlanFile, RefusesWhatIsNestedDeeply) {
  const std::string deep = R"({"max_dppl": )" + std::string(500'000, '[');
  EXPECT_FALSE(ParseKeptPlan(deep));
  const auto kept = ParseKeptPlan(deep + std::string(500'000, ']') + "}");
  ASSERT_FALSE(kept);
  EXPECT_THAT(kept.error().message, HasSubstr("nested past 8 levels"));
}

RC_GTEST_PROP(CutPlanFile, SurvivesDamage, ()) {
  std::string text = JsonText(ToJson(SomePlan()));
  const auto at = *rc::gen::inRange<size_t>(0, text.size());
  text[at] = *rc::gen::arbitrary<char>();
  if (*rc::gen::arbitrary<bool>()) text.resize(at);
  const auto kept = ParseKeptPlan(text);
  if (kept) RC_ASSERT(!kept->plan.cuts.empty());
}

}  // namespace
}  // namespace tandem
