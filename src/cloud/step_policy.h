// What a session's next step should be: how many of its waiting drafts pay, and whether to hold the step for
// drafts that are on their way. Pure functions over the measured costs (docs/planner.md derives them).
#pragma once

#include "base/types.h"
#include "cloud/cost_curve.h"
#include "sample/acceptance.h"

namespace tandem {

// The step that is being put together, so far.
struct StepSoFar {
  const CostCurve* curve = nullptr;
  int rows = 0;       // of other sessions
  double tokens = 0;  // that these rows will bring, expected

  void Join(int more, double more_tokens) { rows += more, tokens += more_tokens; }
  void Leave() { rows -= 1, tokens -= 1; }  // the least that a session has in a step
  // Of the step with `more` rows added, us.
  double Cost(int more) const { return static_cast<double>(curve->At(rows + more).count()); }
};

// The g in 0..waiting with the most tokens per time: (others + E(g)) / t(others' rows + g + 1). 0: none pays,
// the step only streams.
int DraftsThatPay(int waiting, const AcceptanceRate& acceptance, const StepSoFar& step);

// Of a step with `rows` rows of one session, us, as that session pays it: drafts that do not pay beside
// others are not taken up, so they cost as much more as they would bring. Alone, the step's cost.
double CostToSession(int rows, const AcceptanceRate& acceptance, const StepSoFar& step);

// Drafts that a session expects: how many, how long from now.
struct ExpectedDrafts {
  Micros in{0};
  int drafts = 0;
};

// True when standing still until they are here beats streaming meanwhile. Streaming n = ceil(in / t(1))
// tokens risks that the branch under way dies: it survives them with the n-fold acceptance. Compared are the
// rates from now to the end of the first step that judges drafts,
//   wait:    E(g) / (in + t(g + 1))
//   stream:  (n + s E(g) + (1 - s)) / (n t(1) + s t(g + 1) + (1 - s) t(1)),  s = Survival(n),
// and waiting must win by 3 %. Beside others a session that waits misses their step: `in` is that at least.
bool HoldingPays(const ExpectedDrafts& expected, const AcceptanceRate& acceptance, const StepSoFar& step);

}  // namespace tandem
