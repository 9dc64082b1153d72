// What `tandem run --mode split` loads: the edge's layers of the cloud's model, cut where the options say,
// and what moves the cut while the text runs.
#pragma once

#include "cli/arguments.h"
#include "edge/edge_model.h"

namespace tandem {

// kUsage for options that do not go together; else errors as LoadEdgeSplit, ReadKeptPlan and, for a draft
// model that looks ahead, LoadEdgeModel.
Result<EdgeModel> LoadSplitModel(const Arguments& arguments, const LoadEngineOptions& options);

}  // namespace tandem
