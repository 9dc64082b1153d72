// A perplexity for programs, people and the eye.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "cli/evaluation_text.h"
#include "cli/perplexity_partial.h"
#include "cli/svg_chart.h"

namespace tandem {

// What is tried at a cut, in words.
struct PointName {
  int split = 0;             // layers below the cut
  std::string codec;         // name in full
  std::string importance{};  // of rows that compete: as ParseImportance reads it; empty for none
  int attention_layer = -1;  // whose attention makes it, from 0
  double ratio = 0;          // of the rows that a method's point quantises; 1 for other codecs
  double plant = 1;          // the first row is multiplied by it
};

struct PerplexityReport {
  std::string model, file;  // paths
  WindowPlan plan;
  BosPlace bos = BosPlace::kNone;
  size_t tokens = 0, planned = 0;  // windows that are meant; complete when the sums have them all
  int width = 0;                   // values of a row
  std::optional<PointName> point;
  PartialResult result;
  double rows_per_s = 0;  // of windows, in this process; 0 when it computed none

  double base() const { return Perplexity(result.sums.nll, result.sums.votes); }
  double ppl() const;  // of the point, else of the whole model
  bool complete() const { return result.sums.windows == planned; }
};

nlohmann::ordered_json ToJson(const PerplexityReport& report);
std::string ReportText(const PerplexityReport& report);  // some lines
Chart ReportChart(const PerplexityReport& report);       // the estimate over the windows

}  // namespace tandem
