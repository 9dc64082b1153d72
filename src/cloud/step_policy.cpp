// See step_policy.h.
#include "cloud/step_policy.h"

#include <algorithm>
#include <cmath>

namespace tandem {

namespace {

constexpr double kHoldGain = 1.03;
constexpr int kFarAway = 64;  // tokens streamed meanwhile: no branch survives that

}  // namespace

int DraftsThatPay(int waiting, const AcceptanceRate& acceptance, const StepSoFar& step) {
  int best = 0;
  double best_rate = (step.tokens + 1) / step.Cost(1);
  double tokens = 1, stands = 1;
  for (int g = 1; g <= waiting; ++g) {
    tokens += stands *= acceptance.At(g - 1);
    const double rate = (step.tokens + tokens) / step.Cost(g + 1);
    if (rate <= best_rate) continue;
    best = g;
    best_rate = rate;
  }
  return best;
}

double CostToSession(int rows, const AcceptanceRate& acceptance, const StepSoFar& step) {
  if (step.rows == 0) return step.Cost(rows);
  const int taken = DraftsThatPay(rows - 1, acceptance, step);
  return step.Cost(taken + 1) * acceptance.ExpectedTokens(rows - 1) / acceptance.ExpectedTokens(taken);
}

bool HoldingPays(const ExpectedDrafts& expected, const AcceptanceRate& acceptance, const StepSoFar& step) {
  const int g = DraftsThatPay(expected.drafts, acceptance, step);
  if (g == 0) return false;
  const double one = step.Cost(1), judge = step.Cost(g + 1), tokens = acceptance.ExpectedTokens(g);
  const double in = std::max(0.0, static_cast<double>(expected.in.count()));
  const double n = std::max(1.0, std::ceil(in / one));
  if (n > kFarAway) return false;
  const double s = acceptance.Survival(static_cast<int>(n));
  const double missed = step.rows > 0 ? std::max(in, step.Cost(0)) : in;
  const double wait = tokens / (missed + judge);
  const double stream = (n + s * tokens + (1 - s)) / (n * one + s * judge + (1 - s) * one);
  return wait > kHoldGain * stream;
}

}  // namespace tandem
