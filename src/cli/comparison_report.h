// A comparison told in words and tables, in the sections of system 2's report.
#pragma once

#include <string>
#include <vector>

#include "cli/comparison.h"
#include "cli/comparison_figures.h"
#include "cli/svg_chart.h"

namespace tandem {

// Plain text; lines end with a newline. rows: RowsOf(comparison).
std::string ReportText(const Comparison& comparison, const std::vector<ComparisonRow>& rows);

// ms a token against the round trip: a line a mode, each with its best k, and what auto's bound is.
Chart ReportChart(const std::vector<ComparisonRow>& rows);

// One HTML file that needs no other: summary, chart, tables, sample texts.
std::string ReportHtml(const Comparison& comparison, const std::vector<ComparisonRow>& rows);

}  // namespace tandem
