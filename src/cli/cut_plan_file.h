// A measured plan as JSON, to be kept and read again: `tandem plan --json-out` writes it, `tandem run --split
// auto --plan` reads it.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "base/result.h"
#include "edge/cut_plan.h"

namespace tandem {

// The "cuts" of a plan's JSON (docs/split.md).
nlohmann::ordered_json CutsJson(const CutPlan& plan);

// What of a plan is used again.
struct KeptPlan {
  std::string identity;  // of the model, in hex
  CutTerms terms;        // that it was made for
  CutPlan plan;
};

// kFile for text that is no such JSON, and for figures that are missing, of another kind, not finite or out
// of range, with the field's name. Cuts ascend; each has a codec at least.
Result<KeptPlan> ParseKeptPlan(std::string_view text);

// Of a file of at most 16 MiB; the sentence names it.
Result<KeptPlan> ReadKeptPlan(const std::string& path);

}  // namespace tandem
