// Chooses how the window moves: from what a draft costs here, what a step costs in the cloud, how far away it
// is and how often drafts stand. docs/planner.md derives the model. Pure arithmetic, no clock.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/types.h"
#include "edge/draft_window.h"
#include "sample/acceptance_by_margin.h"
#include "wire/frame.h"

namespace tandem {

struct Plan {
  WindowRule rule{};
  bool drafts = false;      // false: the cloud streams alone, for drafts would not pay
  double us_per_token = 0;  // predicted; 0 while the cloud's costs are unknown
};

// One thread at a time.
class Planner {
 public:
  // most: longest chunk it may choose (--draft's ceiling), >= 1.
  explicit Planner(int32_t most) : most_(most) {}

  // What was measured. A round trip is without the server's own time.
  void Draft(Micros took);
  void RoundTrip(Micros took);
  void CloudCosts(const Costs& costs) { costs_ = costs; }
  void Judged(int depth, double margin, bool accepted) { acceptance_.Judge(depth, margin, accepted); }

  // Of a drafter that is silent at times: a token came, and there was a draft for its place, or none. The
  // prediction counts what is met without one as the cloud's alone.
  void Met(bool drafted);

  // The plan from now on. It moves only when another one promises 5 % more. `max_window`: what the cloud lets
  // wait.
  const Plan& Now(int32_t max_window);
  // us per token for a fixed chunk length and a window as large as that pays, with what is known now.
  double Predict(int32_t chunk) const;
  // Ids that may be unjudged so that the cloud is fed over a round trip, as far as they are likely to be
  // judged.
  int32_t WindowFor(int32_t chunk) const;
  // How many of these drafts, whose first continues certain text, are worth their bytes: those before the
  // first that stands more seldom than its row costs (the cloud would not take it up even alone), as far as
  // they will be judged with a chance of at least 7 %, the product of the chances of all before them. The
  // first while no costs are known. margins: how clearly each was drawn (sample/race.h).
  int32_t Worth(std::span<const double> margins) const;
  double StreamingUs() const { return StepUs(1); }
  // us per token that no window can beat on this link with drafts as likely as these (docs/planner.md); 0
  // while the cloud's costs are unknown.
  double BoundUs() const;

  const Costs& costs() const { return costs_; }

 private:
  const AcceptanceRate& rate() const { return acceptance_.rate(); }
  int32_t Cover(int32_t chunk) const;
  double StepUs(int rows) const;  // by the cloud's costs; beyond them with their last slope
  double Rate(int32_t chunk, double away_us, double draft_us) const;

  int32_t most_;
  double draft_us_ = 0;
  double rtt_us_ = 0;
  double jitter_us_ = 0;  // mean deviation
  int round_trips_ = 0;
  double drafted_share_ = 1;  // of the tokens met
  Costs costs_;
  AcceptanceByMargin acceptance_;
  Plan plan_;
};

}  // namespace tandem
