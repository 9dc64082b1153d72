// What a cut reveals, for programs and for people.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "lab/leak.h"

namespace tandem {

// A measurement and what it was of.
struct MeasuredLeak {
  std::string model, file;  // paths
  std::string codec;        // its name in full
  int split = 0, layers = 0;
  LeakPlan plan;
  LeakReport report;

  double ppl_base() const;  // of the known text and the prompts
  double ppl() const;       // with rows through the codec
};

nlohmann::ordered_json ToJson(const MeasuredLeak& leak);
std::string ReportText(const MeasuredLeak& leak);  // a table and what it does not say

}  // namespace tandem
