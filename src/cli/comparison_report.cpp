// See comparison_report.h.
#include "cli/comparison_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "cli/comparison_words.h"
#include "cli/ratings.h"

namespace tandem {

namespace {

using Rows = std::vector<ComparisonRow>;

std::string Heading(std::string_view title) {
  return fmt::format("\n{}\n{}\n", title, std::string(title.size(), '='));
}

std::string ExecutiveSummary(const Comparison& comparison, const Rows& rows) {
  std::string text = Heading("EXECUTIVE SUMMARY");
  for (const std::string& line : SummaryLines(comparison, rows)) text += line + "\n";
  return text;
}

// A figure that not every row has: "-" for none.
std::string Known(double value, int places) {
  return value == 0 ? "-" : fmt::format("{:.{}f}", value, places);
}

std::string PerformanceComparison(const Rows& rows) {
  std::string text = Heading("PERFORMANCE COMPARISON");
  text += fmt::format("{:>7}  {:<15}{:>12}{:>10}{:>10}{:>10}{:>12}{:>9}{:>11}{:>7}\n", "rtt ms", "mode",
                      "ms a token", "tokens/s", "first ms", "whole ms", "acceptance", "up B/t", "down B/t",
                      "texts");
  for (const ComparisonRow& row : rows) {
    const double ms = row.ms_per_token.median;
    text +=
        fmt::format("{:>7g}  {:<15}{:>12.2f}{:>10.1f}{:>10.1f}{:>10.1f}{:>12}{:>9}{:>11}{:>7}\n", row.rtt_ms,
                    ContenderName(row.contender), ms, ms > 0 ? 1000 / ms : 0, row.first_token_ms.median,
                    row.latency_ms.median, AcceptanceText(row), Known(row.uplink_bytes_per_token, 1),
                    Known(row.downlink_bytes_per_token, 1), row.texts);
  }
  return text +
         "Times are medians over the texts: of a token from the open session to the end, first and whole "
         "with connecting.\n";
}

std::string AgainstSync(const Rows& rows, double rtt_ms) {
  const ComparisonRow* sync = BestOf(rows, Mode::kSync, rtt_ms);
  const ComparisonRow* best = BestOf(rows, Mode::kAuto, rtt_ms);
  if (best == nullptr) best = BestOf(rows, Mode::kSpeculate, rtt_ms);
  if (sync == nullptr || best == nullptr || best->ms_per_token.median <= 0) return "";
  return fmt::format("{:>7g}  {} is {:.2f} times as fast as the best stop and wait ({})\n", rtt_ms,
                     ContenderName(best->contender), sync->ms_per_token.median / best->ms_per_token.median,
                     ContenderName(sync->contender));
}

std::string SpeedupAnalysis(const Rows& rows) {
  std::string text = Heading("SPEEDUP ANALYSIS");
  text += "Baseline: mode cloud through the same socket, at the same round trip.\n";
  text += fmt::format("{:>7}  {:<15}{:>15}{:>15}  {}\n", "rtt ms", "mode", "by ms a token", "by latency",
                      "status, by ms a token");
  std::set<double> round_trips;
  for (const ComparisonRow& row : rows) {
    round_trips.insert(row.rtt_ms);
    if (row.contender.mode == Mode::kCloud || row.speedup <= 0) continue;
    text += fmt::format("{:>7g}  {:<15}{:>15.2f}{:>15.2f}  {}\n", row.rtt_ms, ContenderName(row.contender),
                        row.speedup, row.latency_speedup, SpeedStatusLine(row.speedup));
  }
  for (const double rtt_ms : round_trips) text += AgainstSync(rows, rtt_ms);
  return text;
}

std::string SummaryTable(const char* title, const Rows& rows, Summary ComparisonRow::*of, int places) {
  std::string text = fmt::format("\n{}\n{:>7}  {:<15}", title, "rtt ms", "mode");
  for (const char* name : {"mean", "median", "min", "max", "std_dev", "p10", "p50", "p90", "p99"})
    text += fmt::format("{:>10}", name);
  text += "\n";
  for (const ComparisonRow& row : rows) {
    const Summary& s = row.*of;
    text += fmt::format("{:>7g}  {:<15}", row.rtt_ms, ContenderName(row.contender));
    for (const double figure : {s.mean, s.median, s.min, s.max, s.std_dev, s.p10, s.p50, s.p90, s.p99})
      text += fmt::format("{:>10.{}f}", figure, places);
    text += "\n";
  }
  return text;
}

std::string TimesTable(const Rows& rows) {
  std::string text =
      "\nMean times of a text, ms; network is the median round trip less the server's own time\n";
  text += fmt::format("{:>7}  {:<15}{:>10}{:>10}{:>10}{:>14}\n", "rtt ms", "mode", "network", "edge", "cloud",
                      "total tokens");
  for (const ComparisonRow& row : rows)
    text += fmt::format("{:>7g}  {:<15}{:>10}{:>10.1f}{:>10.1f}{:>14}\n", row.rtt_ms,
                        ContenderName(row.contender),
                        row.network_ms ? fmt::format("{:.2f}", *row.network_ms) : "-", row.edge_ms,
                        row.cloud_ms, row.total_tokens);
  return text;
}

std::string PlanTable(const Rows& rows) {
  std::string text =
      "\nDrafts sent and thrown away unjudged; ms a token as foreseen, and against the cloud alone\n";
  text +=
      fmt::format("{:>7}  {:<15}{:>13}{:>9}{:>11}{:>10}{:>20}{:>8}{:>9}\n", "rtt ms", "mode", "sent a token",
                  "stale", "predicted", "measured", "predicted/measured", "bound", "regret");
  for (const ComparisonRow& row : rows)
    text += fmt::format("{:>7g}  {:<15}{:>13}{:>7.1f} %{:>11}{:>10.2f}{:>20}{:>8}{:>+9.2f}\n", row.rtt_ms,
                        ContenderName(row.contender), Known(row.sent_per_token, 2), 100 * row.stale_share,
                        Known(row.predicted_ms_per_token, 2), row.ms_per_token.median,
                        Known(row.predicted_ratio, 2), Known(row.bound_ms, 2), row.regret_ms);
  return text;
}

std::string DetailedMetrics(const Rows& rows) {
  return Heading("DETAILED METRICS") +
         SummaryTable("end_to_end_latency, ms", rows, &ComparisonRow::latency_ms, 1) +
         SummaryTable("ms a token", rows, &ComparisonRow::ms_per_token, 2) +
         SummaryTable("first_token_ms", rows, &ComparisonRow::first_token_ms, 1) +
         SummaryTable("token_acceptance_rate (texts that had drafts judged)", rows,
                      &ComparisonRow::acceptance, 3) +
         SummaryTable("total_tokens_generated", rows, &ComparisonRow::tokens, 1) + TimesTable(rows) +
         PlanTable(rows);
}

std::string SampleOutputs(const Comparison& comparison) {
  std::string text = Heading("SAMPLE OUTPUTS COMPARISON");
  for (const SampleOutput& sample : SampleOutputsOf(comparison)) {
    text += fmt::format("\nprompt: {}\n", sample.prompt);
    for (const auto& [name, written] : sample.texts) text += fmt::format("  {}: {}\n", name, written);
  }
  return text;
}

std::string Conclusions(const Comparison& comparison, const Rows& rows) {
  std::string text = Heading("CONCLUSIONS & RECOMMENDATIONS");
  for (const std::string& line : ConclusionLines(comparison, rows)) text += "- " + line + "\n";
  return text;
}

}  // namespace

std::string ReportText(const Comparison& comparison, const Rows& rows) {
  std::string text = "TANDEM BENCH\n";
  for (const std::string& line : SetupLines(comparison)) text += line + "\n";
  return text + ExecutiveSummary(comparison, rows) + PerformanceComparison(rows) + SpeedupAnalysis(rows) +
         DetailedMetrics(rows) + SampleOutputs(comparison) + Conclusions(comparison, rows);
}

Chart ReportChart(const Rows& rows) {
  Chart chart{"Time of a token over the link", "added round trip, ms", "ms a token (median)", {}};
  ChartSeries bound{"auto's bound", {}};
  for (const Mode mode : {Mode::kEdge, Mode::kCloud, Mode::kSync, Mode::kSpeculate, Mode::kAuto}) {
    const bool fixed = mode == Mode::kSync || mode == Mode::kSpeculate;
    ChartSeries series{fmt::format("{}{}", ModeName(mode), fixed ? ", best k" : ""), {}};
    for (const ComparisonRow& row : rows) {
      if (&row != BestOf(rows, mode, row.rtt_ms)) continue;
      series.points.emplace_back(row.rtt_ms, row.ms_per_token.median);
      if (mode == Mode::kAuto && row.bound_ms > 0) bound.points.emplace_back(row.rtt_ms, row.bound_ms);
    }
    std::sort(series.points.begin(), series.points.end());
    if (!series.points.empty()) chart.series.push_back(std::move(series));
  }
  std::sort(bound.points.begin(), bound.points.end());
  if (!bound.points.empty()) chart.series.push_back(std::move(bound));
  return chart;
}

}  // namespace tandem
