// One perplexity measurement as the program makes it: files found, the model cut, codecs calibrated, windows
// run with progress told and partial results kept.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "cli/perplexity_report.h"
#include "codec/row_codec_spec.h"

namespace tandem {

struct PerplexityRequest {
  std::string model, file;  // paths
  WindowPlan plan;
  int threads = 1;
  std::string device = "auto";
  std::vector<PointName> points{};  // codecs by their names in full (Name(spec))
  std::string partial{};            // path; empty: nothing is kept
};

struct PerplexityMeasured {
  TokenisedText text;  // without its ids and windows, which the run has
  size_t tokens = 0, planned = 0;
  int width = 0, layers = 0;
  PartialResult result;
  double rows_per_s = 0;  // in this process
};

// Runs until the windows are done or stopped() is true, which is asked between two of them. Codecs that want
// a calibration (scales `channel`, word `sink`) get it from the first window's rows. The errors are those of
// reading the text, loading, cutting, making codecs, and of PartialFile; what was measured before one is
// kept.
Result<PerplexityMeasured> MeasurePerplexity(const PerplexityRequest& request,
                                             const std::function<bool()>& stopped);

}  // namespace tandem
