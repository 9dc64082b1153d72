// Ranges of layers as people type them, "0:2,10:12", and where a model is cut, "3" or "3:9".
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "edge/cut_schedule.h"
#include "model/cut_model.h"

namespace tandem {

// At least one "A:B", whole numbers, separated by commas. kUsage for anything else; which numbers make sense
// depends on the model (CutModel).
Result<std::vector<LayerRange>> ParseLayerRanges(std::string_view text);

// The layers of somebody else: all from `begin` on, or those before `end`.
struct LayersAway {
  int begin = 0;
  std::optional<int> end{};
  friend bool operator==(const LayersAway&, const LayersAway&) = default;
};

// "K" or "A:B", whole numbers, as --split has them. kUsage for anything else.
Result<LayersAway> ParseSplit(std::string_view text);

// "TOKENS:K", whole numbers, as --recut has them. kUsage for anything else.
Result<CutChange> ParseRecut(std::string_view text);

// "0,1,3": how many layers lie below each cut of a model that has so many; ascending, each once. kUsage.
Result<std::vector<int>> ParseCuts(std::string_view text, int layers);

}  // namespace tandem
