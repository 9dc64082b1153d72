// The rules side by side on real models: how many tokens a round brings, how many drafts stand, and what the
// drafts cost on the uplink. Counts, not times: edge and cloud take turns in one process.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "cli/bench_speculation.h"

namespace tandem {

struct RulesBenchOptions {
  std::string target, draft;         // paths
  std::vector<std::string> prompts;  // at least one
  int draft_length = 4;              // ids of a block; 1 to 16
  int tokens = 128;                  // of a text at most
  int max_ids = 8, lattice = 100;    // of the sparse laws (base/sparse_draft.h)
  uint64_t seed = 1;                 // of the first text; the next ones count up
  int threads = 1;
  std::vector<float> temperatures = {0.0f, 0.7f, 1.0f};
};

constexpr float kHotDraft = 2.0f;  // temperature of the draft in pair "hot": a draft that is often wrong

// One text for each prompt, under one rule.
struct RulesBenchRow {
  std::string pair;  // "demo": the draft drafts; "self": the target does; "hot": the draft at kHotDraft
  Rule rule = Rule::kCoupled;
  float temperature = 0.0f;  // of target and draft, but for "hot"; other warpers at their defaults
  SpeculationCounts counts{};

  double TokensPerRound() const;
  double Acceptance() const;     // accepted / verified
  double BytesPerToken() const;  // uplink bytes / tokens
};

// Takes a minute on the demo pair. `progress` is given a short line before each row. kUsage for options out
// of range, kModel for two vocabularies that differ in size; else errors as loading models and engines.
Result<std::vector<RulesBenchRow>> BenchRules(const RulesBenchOptions& options,
                                              const std::function<void(std::string_view)>& progress);

}  // namespace tandem
