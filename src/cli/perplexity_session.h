// One perplexity measurement as the program makes it: files found, the model cut, codecs calibrated, windows
// run with progress told and partial results kept.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "cli/perplexity_report.h"
#include "lab/row_facts.h"

namespace tandem {

struct PerplexityRequest {
  std::string model, file;  // paths
  WindowPlan plan;
  int threads = 1;
  std::string device = "auto";
  std::vector<PointName> points{};  // codecs by their names in full (Name(spec))
  std::string partial{};            // path; empty: nothing is kept
  bool facts = false;               // RowFacts as well
};

struct SplitPeaks {
  int split = 0;
  CutPeaks peaks;
};

struct PerplexityMeasured {
  TokenisedText text;  // without its ids and windows, which the run has
  size_t tokens = 0, planned = 0;
  int width = 0, layers = 0;
  PartialResult result;
  double rows_per_s = 0;  // in this process
  std::vector<LayerAgreement> agreements{};
  std::vector<SplitPeaks> peaks{};
};

// Runs until the windows are done or stopped() is true, which is asked between two of them. The errors are
// those of reading the text, loading, cutting, MakePoints, and of PartialFile; what was measured before one
// is kept.
Result<PerplexityMeasured> MeasurePerplexity(const PerplexityRequest& request,
                                             const std::function<bool()>& stopped);

}  // namespace tandem
