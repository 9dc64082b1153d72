// The HTML of a comparison, see comparison_report.h. All that is not fixed markup goes through XmlEscaped.
#include <fmt/format.h>

#include "cli/comparison_report.h"
#include "cli/comparison_words.h"
#include "cli/ratings.h"

namespace tandem {

namespace {

using Rows = std::vector<ComparisonRow>;

constexpr const char* kStyle =
    "body{font:15px/1.45 sans-serif;max-width:60em;margin:2em auto;padding:0 1em;color:#222}"
    "table{border-collapse:collapse;font-size:13px}td,th{padding:2px 9px;text-align:right;"
    "border-bottom:1px solid #ddd}td:nth-child(2),th:nth-child(2){text-align:left}"
    "svg{max-width:100%;height:auto}dt{font-weight:bold;margin-top:.6em}";

std::string Heading(std::string_view title) {
  return fmt::format("<h2>{}</h2>\n", XmlEscaped(title));
}

std::string Paragraphs(const std::vector<std::string>& lines) {
  std::string html;
  for (const std::string& line : lines) html += fmt::format("<p>{}</p>\n", XmlEscaped(line));
  return html;
}

std::string CellsOf(const std::vector<std::string>& texts, const char* tag) {
  std::string html = "<tr>";
  for (const std::string& text : texts) html += fmt::format("<{0}>{1}</{0}>", tag, XmlEscaped(text));
  return html + "</tr>\n";
}

std::string Table(const Rows& rows) {
  std::string html = "<table>\n";
  html += CellsOf({"rtt ms", "mode", "ms a token", "p90", "predicted", "bound", "whole ms", "acceptance",
                   "up B/t", "down B/t", "sent/t", "stale", "speedup", "status"},
                  "th");
  for (const ComparisonRow& row : rows) {
    const auto figure = [](double value, int places) { return fmt::format("{:.{}f}", value, places); };
    html += CellsOf(
        {fmt::format("{:g}", row.rtt_ms), ContenderName(row.contender), figure(row.ms_per_token.median, 2),
         figure(row.ms_per_token.p90, 2), figure(row.predicted_ms_per_token, 2), figure(row.bound_ms, 2),
         figure(row.latency_ms.median, 1), AcceptanceText(row), figure(row.uplink_bytes_per_token, 1),
         figure(row.downlink_bytes_per_token, 1), figure(row.sent_per_token, 2),
         figure(100 * row.stale_share, 1) + " %", figure(row.speedup, 2),
         row.contender.mode == Mode::kCloud ? "baseline" : std::string(SpeedStatus(row.speedup))},
        "td");
  }
  return html + "</table>\n";
}

std::string Samples(const Comparison& comparison) {
  std::string html = "<dl>\n";
  for (const SampleOutput& sample : SampleOutputsOf(comparison)) {
    html += fmt::format("<dt>{}</dt>\n", XmlEscaped(sample.prompt));
    for (const auto& [name, text] : sample.texts)
      html += fmt::format("<dd><b>{}</b>: {}</dd>\n", XmlEscaped(name), XmlEscaped(text));
  }
  return html + "</dl>\n";
}

}  // namespace

std::string ReportHtml(const Comparison& comparison, const Rows& rows) {
  return fmt::format(
             "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
             "<title>Tandem bench</title>\n<style>{}</style>\n</head>\n<body>\n<h1>Tandem bench</h1>\n",
             kStyle) +
         Paragraphs(SetupLines(comparison)) + Heading("EXECUTIVE SUMMARY") +
         Paragraphs(SummaryLines(comparison, rows)) + Svg(ReportChart(rows)) +
         Heading("PERFORMANCE COMPARISON") + Table(rows) + Heading("SAMPLE OUTPUTS COMPARISON") +
         Samples(comparison) + Heading("CONCLUSIONS & RECOMMENDATIONS") +
         Paragraphs(ConclusionLines(comparison, rows)) + "</body>\n</html>\n";
}

}  // namespace tandem
