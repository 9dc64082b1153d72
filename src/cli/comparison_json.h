// A comparison as `tandem bench --json` prints it. docs/cli.md defines every field.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "cli/comparison.h"
#include "cli/comparison_figures.h"

namespace tandem {

// rows: RowsOf(comparison).
nlohmann::ordered_json ToJson(const Comparison& comparison, const std::vector<ComparisonRow>& rows);

}  // namespace tandem
