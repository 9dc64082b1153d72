// The sentences that the text report and the HTML report of a comparison have in common. Pure.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "cli/comparison.h"
#include "cli/comparison_figures.h"

namespace tandem {

std::vector<std::string> SetupLines(const Comparison& comparison);  // what was compared, and how
std::vector<std::string> SummaryLines(const Comparison& comparison, const std::vector<ComparisonRow>& rows);
std::vector<std::string> ConclusionLines(const Comparison& comparison,
                                         const std::vector<ComparisonRow>& rows);

// "73 %", or "-" where no draft was judged.
std::string AcceptanceText(const ComparisonRow& row);

// A prompt and what was written for it, one line each, cut short.
struct SampleOutput {
  std::string prompt;
  // (who, text): those that wrote the same are one entry.
  std::vector<std::pair<std::string, std::string>> texts;
};

// The first three prompts, in the first iteration.
std::vector<SampleOutput> SampleOutputsOf(const Comparison& comparison);

}  // namespace tandem
