// Ranges of layers as people type them: "0:2,10:12".
#pragma once

#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/cut_model.h"

namespace tandem {

// At least one "A:B", whole numbers, separated by commas. kUsage for anything else; which numbers make sense
// depends on the model (CutModel).
Result<std::vector<LayerRange>> ParseLayerRanges(std::string_view text);

}  // namespace tandem
