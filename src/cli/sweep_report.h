// What a sweep found, for programs, people and the eye.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <utility>
#include <vector>

#include "cli/perplexity_session.h"
#include "cli/svg_chart.h"
#include "cli/svg_heat_map.h"

namespace tandem {

struct SweepRow {
  PointName point;
  double ppl = 0, ppl_base = 0;  // base: the same cut, rows as they are (planted ones, for planted points)
  double bytes_per_row = 0, bits_per_value = 0;
  double bytes_of_one_row = 0;  // as a message of its own

  double dppl() const { return ppl / ppl_base - 1; }
};

struct SweepReport {
  PerplexityRequest request;
  PerplexityMeasured measured;  // its points are the request's, in order; for each cut and plant an f32 first

  double base() const { return Perplexity(measured.result.sums.nll, measured.result.sums.votes); }
  bool complete() const { return measured.result.sums.windows == measured.planned; }
  std::vector<SweepRow> Rows() const;
};

nlohmann::ordered_json ToJson(const SweepReport& report);
std::string ReportText(const SweepReport& report);  // tables

// Perplexity against bytes a token: a line a cut and method over its ratios, and one a cut over the codecs.
// Planted points, and those of more than four times the base's perplexity, are left out, so that the rest can
// be told apart.
Chart BytesChart(const SweepReport& report);

// Perplexity over layer and ratio: a map a method, with a name for its file.
std::vector<std::pair<std::string, HeatMap>> RatioMaps(const SweepReport& report);

}  // namespace tandem
