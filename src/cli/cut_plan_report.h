// A measured plan for programs, people and the eye.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "cli/cut_planning.h"
#include "cli/svg_chart.h"

namespace tandem {

nlohmann::ordered_json ToJson(const MeasuredPlan& measured);
std::string ReportText(const MeasuredPlan& measured);
// Every cut and codec: milliseconds a token against what it costs in perplexity, in percent; the front's as a
// line.
Chart ReportChart(const MeasuredPlan& measured);

}  // namespace tandem
