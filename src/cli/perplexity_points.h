// The points of a measurement made ready: codecs calibrated, importances with what they need.
#pragma once

#include <string>
#include <vector>

#include "cli/perplexity_report.h"

namespace tandem {

// The places where these points cut, ascending, each once.
std::vector<int> CutsOf(const std::vector<PointName>& points);

// One a name, at the cuts of `chain`, which are CutsOf(names). Codecs that want a calibration (scales
// `channel`, word `sink`) get it from the rows of the text's first window; `weighted_importance` measures its
// heads' relevance on the first window's ids, with the model at `path` loaded once more. Errors as
// ParseRowCodec, ParseImportance, Calibrate, RowCodec::Make, StageChain::Run and MeasureHeadRelevance.
Result<std::vector<CutPoint>> MakePoints(const std::vector<PointName>& names, StageChain& chain,
                                         const EvaluatedText& text, const std::string& path, int threads);

}  // namespace tandem
