// What comparisons come to: figures, report, HTML and JSON of texts that never were written.
#include "cli/comparison.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "cli/comparison_json.h"
#include "cli/comparison_report.h"
#include "cli/comparison_words.h"

namespace tandem {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr size_t kCloud = 0, kSync2 = 1, kSync4 = 2, kAuto = 3;

// Ten tokens at this speed, connecting included or not: the same.
TextReport Text(const Contender& contender, double ms_per_token) {
  TextReport report;
  report.mode = contender.mode;
  report.text = " and then";
  report.tokens = {5, 6, 7, 8, 9, 10, 11, 12, 13, 14};
  report.finish = Finish::kLength;
  report.stats.generated = 10;
  report.stats.opened = report.stats.started;
  report.stats.first_token = Micros{3000};
  report.stats.finished = Micros(static_cast<int64_t>(ms_per_token * 10'000));
  report.stats.streaming_us = 40'000;
  report.bytes = {.setup = 100, .up = 50, .down = 120};
  if (contender.mode == Mode::kCloud) return report;
  report.stats.sent = 20, report.stats.verified = 10, report.stats.accepted = 8, report.stats.stale = 5;
  report.stats.network = {Micros{20'000}};
  if (contender.mode == Mode::kAuto) report.stats.predicted_us = 18'000, report.plan.bound_us = 15'000;
  return report;
}

class ComparisonTest : public ::testing::Test {
 protected:
  ComparisonTest() {
    ComparisonPlan& plan = comparison_.plan;
    plan.prompt_set = "builtin";
    plan.prompts = {"Once <b>", "Twice"};
    plan.contenders = {{Mode::kCloud, 0}, {Mode::kSync, 2}, {Mode::kSync, 4}, {Mode::kAuto, 0}};
    plan.round_trips = {Micros{0}, Micros{100'000}};
    plan.iterations = 1;
    plan.sampling.seed = 7;
    comparison_.clouds = {"ws://there:1"};
    for (size_t prompt = 0; prompt < 2; ++prompt) {
      Add(kCloud, 0, prompt, 40), Add(kSync2, 0, prompt, 32), Add(kSync4, 0, prompt, 25);
      Add(kAuto, 0, prompt, 20), Add(kCloud, 1, prompt, 40), Add(kSync2, 1, prompt, 50);
      Add(kSync4, 1, prompt, 80), Add(kAuto, 1, prompt, 45);
    }
    comparison_.complete = true;
  }

  void Add(size_t contender, size_t rtt, size_t prompt, double ms_per_token) {
    comparison_.texts.push_back({.contender = contender,
                                 .round_trip = rtt,
                                 .prompt = prompt,
                                 .report = Text(comparison_.plan.contenders[contender], ms_per_token)});
  }
  std::vector<ComparisonRow> Rows() const { return RowsOf(comparison_); }
  std::string Report() const { return ReportText(comparison_, Rows()); }

  Comparison comparison_;
};

TEST_F(ComparisonTest, ARowForEachContenderAndRoundTrip) {
  const auto rows = Rows();
  ASSERT_EQ(rows.size(), 8u);
  const ComparisonRow& row = rows[3];
  EXPECT_EQ(row.contender.mode, Mode::kAuto);
  EXPECT_EQ(row.rtt_ms, 0);
  EXPECT_EQ(row.texts, 2u);
  EXPECT_DOUBLE_EQ(row.ms_per_token.median, 20);
  EXPECT_DOUBLE_EQ(row.latency_ms.median, 200);
  EXPECT_DOUBLE_EQ(row.first_token_ms.mean, 3);
  EXPECT_EQ(row.total_tokens, 20u);
  EXPECT_DOUBLE_EQ(row.total_acceptance, 0.8);
  EXPECT_DOUBLE_EQ(row.uplink_bytes_per_token, 5);
  EXPECT_DOUBLE_EQ(row.downlink_bytes_per_token, 12);
  EXPECT_DOUBLE_EQ(row.sent_per_token, 2);
  EXPECT_DOUBLE_EQ(row.stale_share, 0.25);
  EXPECT_DOUBLE_EQ(row.predicted_ms_per_token, 18);
  EXPECT_DOUBLE_EQ(row.predicted_ratio, 0.9);
  EXPECT_DOUBLE_EQ(row.bound_ms, 15);
  EXPECT_DOUBLE_EQ(row.regret_ms, -20);
  EXPECT_DOUBLE_EQ(row.speedup, 2);
  EXPECT_DOUBLE_EQ(row.latency_speedup, 2);
  EXPECT_EQ(row.network_ms, 20);
  EXPECT_EQ(rows[0].network_ms, std::nullopt) << "nothing was answered, which is not a round trip of 0";
}

TEST_F(ComparisonTest, SpeedsAreOverAllRoundTripsWithTheBestLength) {
  const auto rows = Rows();
  EXPECT_EQ(BestOf(rows, Mode::kSync, 0)->contender.k, 4);
  EXPECT_EQ(BestOf(rows, Mode::kSync, 100)->contender.k, 2);
  EXPECT_EQ(BestOf(rows, Mode::kEdge, 0), nullptr);
  const auto sync = SpeedOf(rows, Mode::kSync);
  EXPECT_DOUBLE_EQ(sync->lowest, 0.8);
  EXPECT_DOUBLE_EQ(sync->highest, 1.6);
  EXPECT_NEAR(sync->speedup, std::sqrt(0.8 * 1.6), 1e-12);
  EXPECT_EQ(SpeedOf(rows, Mode::kSpeculate), std::nullopt);
  EXPECT_EQ(HeadlineOf(rows)->mode, Mode::kAuto);
}

TEST_F(ComparisonTest, NoDraftJudgedIsNotAnAcceptanceOfNothing) {
  auto rows = Rows();
  EXPECT_EQ(AcceptanceText(rows[0]), "-");
  EXPECT_EQ(AcceptanceText(rows[3]), "80 %");
  for (ComparedText& text : comparison_.texts) text.report.stats.accepted = 0;
  EXPECT_EQ(AcceptanceText(Rows()[3]), "0 %");
  rows[7].verified = 0, rows[7].total_acceptance = 0;  // auto streamed alone at 100 ms
  EXPECT_DOUBLE_EQ(SpeedOf(rows, Mode::kAuto)->acceptance, 0.8);
}

TEST_F(ComparisonTest, EqualTextsAreSaidAndADifferenceIsFound) {
  EXPECT_TRUE(comparison_.Identical());
  EXPECT_THAT(Report(), HasSubstr("Texts identical: yes (16 texts"));
  comparison_.texts[3].report.tokens.back() = 99;
  EXPECT_FALSE(comparison_.Identical());
  EXPECT_THAT(Report(), HasSubstr("Texts identical: NO"));
  comparison_.texts[3].report.mode = Mode::kEdge;  // another model's text may differ
  EXPECT_TRUE(comparison_.Identical());
}

TEST_F(ComparisonTest, TheReportHasTheSectionsInOrder) {
  const std::string report = Report();
  size_t at = 0;
  for (const char* section :
       {"EXECUTIVE SUMMARY", "PERFORMANCE COMPARISON", "SPEEDUP ANALYSIS", "DETAILED METRICS",
        "SAMPLE OUTPUTS COMPARISON", "CONCLUSIONS & RECOMMENDATIONS"}) {
    const size_t found = report.find(std::string("\n") + section + "\n");
    ASSERT_NE(found, std::string::npos) << section;
    EXPECT_GT(found, at) << section;
    at = found;
  }
  EXPECT_THAT(report, HasSubstr("Status: BENEFICIAL - 1.33 SPEEDUP"));
  EXPECT_THAT(report, HasSubstr("SLOWER - 0.50 SPEEDUP"));
  EXPECT_THAT(report, HasSubstr("Acceptance: 80 %, EXCELLENT"));
  EXPECT_THAT(report, HasSubstr("Verdict: GOOD"));
  EXPECT_THAT(report, HasSubstr("auto is 1.11 times as fast as the best stop and wait (sync k=2)"));
  EXPECT_THAT(report, HasSubstr("At 100 ms the quickest is cloud"));
}

TEST_F(ComparisonTest, ARunThatEndedEarlySaysSo) {
  comparison_.complete = false;
  comparison_.texts.resize(3);
  EXPECT_THAT(Report(), HasSubstr("Complete: NO (3 of 16 texts)"));
  EXPECT_EQ(ToJson(comparison_, Rows()).at("complete"), false);
  comparison_.texts.clear();
  EXPECT_THAT(Report(), HasSubstr("nothing to compare"));
  EXPECT_THAT(ReportHtml(comparison_, Rows()), HasSubstr("</html>"));
  EXPECT_TRUE(ToJson(comparison_, Rows()).at("headline").is_null());
}

TEST_F(ComparisonTest, HtmlIsOneFileAndEscaped) {
  comparison_.texts[0].report.text = "<script>\xFF";
  const std::string html = ReportHtml(comparison_, Rows());
  EXPECT_THAT(html, HasSubstr("Once &lt;b&gt;"));
  EXPECT_THAT(html, Not(HasSubstr("<script>")));
  EXPECT_THAT(html, Not(HasSubstr("\xFF")));
  for (const char* part : {"<table>", "<svg ", "sync k=4", "BENEFICIAL", "baseline", "</html>"})
    EXPECT_THAT(html, HasSubstr(part));
  EXPECT_THAT(html, Not(HasSubstr("src=")));
}

TEST_F(ComparisonTest, TheChartHasALineAMode) {
  const Chart chart = ReportChart(Rows());
  ASSERT_EQ(chart.series.size(), 4u);
  EXPECT_EQ(chart.series[1].name, "sync, best k");
  EXPECT_EQ(chart.series[1].points[1], std::pair(100.0, 50.0));
  EXPECT_EQ(chart.series[3].name, "auto's bound");
}

TEST_F(ComparisonTest, SamplesOfEqualTextsAreOneEntry) {
  comparison_.texts[1].report.text = "else";
  const auto samples = SampleOutputsOf(comparison_);
  ASSERT_EQ(samples.size(), 2u);
  ASSERT_EQ(samples[0].texts.size(), 2u);
  EXPECT_EQ(samples[0].texts[0].first, "cloud, sync, auto");
  EXPECT_EQ(samples[0].texts[1].first, "sync");
}

TEST_F(ComparisonTest, JsonHasEveryFieldOfTheDocs) {
  const auto json = ToJson(comparison_, Rows());
  EXPECT_EQ(json.at("identical"), true);
  EXPECT_EQ(json.at("plan").at("seed"), 7);
  EXPECT_EQ(json.at("headline").at("verdict"), "GOOD");
  const auto& row = json.at("rows").at(3);
  for (const char* field : {"mode",
                            "k",
                            "rtt_ms",
                            "clients",
                            "ms_per_token",
                            "predicted_ms_per_token",
                            "predicted_ratio",
                            "bound_ms",
                            "regret_ms",
                            "acceptance",
                            "uplink_bytes_per_token",
                            "downlink_bytes_per_token",
                            "sent_per_token",
                            "stale_share",
                            "speedup_ratio",
                            "latency_speedup_ratio",
                            "status",
                            "texts",
                            "total_tokens_generated",
                            "network_latency",
                            "edge_inference_time",
                            "cloud_inference_time",
                            "statistics",
                            "samples"}) {
    EXPECT_TRUE(row.contains(field)) << field;
  }
  EXPECT_EQ(row.at("samples").size(), 2u);
  for (const char* list :
       {"end_to_end_latency", "ms_per_token", "first_token_ms", "token_acceptance_rate", "tokens"})
    EXPECT_EQ(row.at("statistics").at(list).size(), 9u) << list;
  EXPECT_TRUE(json.at("rows").at(0).at("network_latency").is_null());
}

TEST(ComparisonPlan, SeedsDifferByPromptAndIteration) {
  ComparisonPlan plan;
  plan.prompts = {"a", "b", "c"};
  plan.contenders = {{Mode::kCloud, 0}, {Mode::kAuto, 0}};
  plan.round_trips = {Micros{0}};
  plan.iterations = 2, plan.warmup = 3;
  plan.sampling.seed = 10;
  EXPECT_EQ(plan.SeedOf(2, 0), 12u);
  EXPECT_EQ(plan.SeedOf(0, 1), 13u);
  EXPECT_EQ(plan.CountedTexts(), 12u);
  EXPECT_EQ(plan.AllTexts(), 18u);
}

}  // namespace
}  // namespace tandem
