// What `tandem plan` measures: both sides of every cut, every codec there, in time, bytes and perplexity.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "cli/cloud_probe.h"
#include "edge/cut_plan.h"
#include "lab/perplexity_windows.h"
#include "model/model_facts.h"

namespace tandem {

struct PlanRequest {
  std::string model, file;  // paths
  WindowPlan windows;       // of the text whose perplexity counts
  int threads = 1, cloud_threads = 1;
  std::string device = "auto";
  std::vector<int> cuts;            // layers at the edge, ascending
  std::vector<std::string> codecs;  // names in full
  CutTerms terms;
  std::optional<ProbedCloud> cloud{};  // measured over its link; nullopt: the cloud is a machine like this
};

struct MeasuredPlan {
  PlanRequest request;
  std::string identity;  // of the model, in hex (model/tensor_hashes.h)
  int width = 0;
  size_t windows = 0;         // that were scored
  double ppl = 0;             // of the whole model
  double edge_alone_us = 0;   // a token by the whole model, computed at the edge
  double cloud_alone_us = 0;  // ... in the cloud, which streams
  CutPlan plan{};
};

// Codecs that are tried where none is named: from f32 to what costs some per cent, as rows of this width
// allow (docs/split.md, "Recipes").
std::vector<std::string> UsualCodecs(int width);

// The plan's times and bytes alone, without what the codecs cost in perplexity (dppl is 0). Errors as
// RowCodec::Make and MeasureHalf; kInternal once `stopped` says so.
Result<CutPlan> MeasureCutTimes(const PlanRequest& request, const ModelFacts& facts,
                                const std::function<bool()>& stopped);

// Takes seconds to minutes. Errors as FactsOf, MeasureCutTimes and MeasurePerplexity.
Result<MeasuredPlan> MeasurePlan(const PlanRequest& request, const std::function<bool()>& stopped);

}  // namespace tandem
