// What the texts of a comparison come to: a row for each contender and round trip. Pure; docs/cli.md defines
// every figure.
#pragma once

#include <optional>
#include <vector>

#include "cli/comparison.h"
#include "cli/statistics.h"

namespace tandem {

struct ComparisonRow {
  Contender contender{};
  double rtt_ms = 0;
  size_t texts = 0;
  // Over the texts.
  Summary latency_ms{};  // of a whole text, connecting included
  Summary ms_per_token{}, first_token_ms{}, tokens{};
  Summary acceptance{};  // of the texts that had drafts judged
  // Means over the texts.
  std::optional<double> network_ms{};  // median round trip of a text less the server's own time, if any
  double edge_ms = 0, cloud_ms = 0;    // inside the engines, a text
  // Sums over all texts, and parts of them.
  uint64_t total_tokens = 0;
  uint64_t verified = 0;        // drafts that were judged
  double total_acceptance = 0;  // accepted / verified
  double uplink_bytes_per_token = 0, downlink_bytes_per_token = 0;
  double sent_per_token = 0;  // drafts sent to the cloud for each token of the text
  double stale_share = 0;     // of them, those thrown away unjudged
  // Medians over the texts for which the planner told them; else 0.
  double predicted_ms_per_token = 0, bound_ms = 0;
  double predicted_ratio = 0;  // predicted / measured
  double regret_ms = 0;        // see TextReport::Regret
  // Cloud's median at the same round trip over this one's; 0 without one.
  double speedup = 0;          // of ms a token
  double latency_speedup = 0;  // of a whole text's time
};

// Round trips in the plan's order, and in each the contenders that have texts.
std::vector<ComparisonRow> RowsOf(const Comparison& comparison);

// The quickest row (ms a token) of a mode at a round trip; null for none.
const ComparisonRow* BestOf(const std::vector<ComparisonRow>& rows, Mode mode, double rtt_ms);

// One mode over all round trips at which it and the baseline were measured, each with its best k.
struct ModeSpeed {
  Mode mode = Mode::kCloud;
  double speedup = 0;  // over cloud, geometric mean over the round trips
  double lowest = 0, highest = 0;
  double acceptance = 0;  // mean over the round trips at which drafts were judged
};

// nullopt when the mode or the baseline was not measured.
std::optional<ModeSpeed> SpeedOf(const std::vector<ComparisonRow>& rows, Mode mode);

// The mode that the summary is about: auto, else speculate, else sync, else edge, whichever comes first.
std::optional<ModeSpeed> HeadlineOf(const std::vector<ComparisonRow>& rows);

}  // namespace tandem
