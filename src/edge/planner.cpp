// See planner.h.
#include "edge/planner.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace tandem {

namespace {

constexpr double kLearn = 0.2;
constexpr double kMetLearn = 1.0 / 32;
constexpr double kHysteresis = 1.05;
constexpr double kFirstDraftUs = 5'000;  // until one was measured
constexpr int kChunks[] = {1, 2, 3, 4, 5, 6, 8, 10, 12, 16};
// A draft that is judged more seldom than this is better not sent: of all that such a bound saves, this one
// costs no time (`tandem bench doubt`).
constexpr double kLeastSurvival = 0.07;
constexpr double kFarAway = 200;  // steps streamed over one round trip: no branch survives them

}  // namespace

void Planner::Draft(Micros took) {
  const auto us = static_cast<double>(took.count());
  draft_us_ = draft_us_ == 0 ? us : draft_us_ + kLearn * (us - draft_us_);
}

// Samples that a stall made long must not move the plan for long: the mean follows the small ones faster.
void Planner::RoundTrip(Micros took) {
  const auto us = static_cast<double>(took.count());
  if (round_trips_++ == 0) {
    rtt_us_ = us;
    return;
  }
  const double off = us - rtt_us_;
  jitter_us_ += kLearn * (std::abs(off) - jitter_us_);
  rtt_us_ += (off < 0 ? 2 * kLearn : kLearn / 2) * off;
}

void Planner::Met(bool drafted) {
  drafted_share_ += kMetLearn * ((drafted ? 1.0 : 0.0) - drafted_share_);
}

double Planner::StepUs(int rows) const {
  const std::vector<uint32_t>& us = costs_.step_us;
  if (us.empty()) return 0;
  const auto at = static_cast<size_t>(rows - 1);
  if (at < us.size()) return us[at];
  const double slope =
      us.size() > 1 ? (static_cast<double>(us.back()) - us.front()) / static_cast<double>(us.size() - 1)
                    : 0.1 * us.front();
  return us.back() + slope * static_cast<double>(at + 1 - us.size());
}

// A branch lives through m judging steps on average, each of which brings E tokens. Until its first chunk is
// there the cloud either stands still or streams n tokens, which the branch must survive.
double Planner::Rate(int32_t chunk, double away_us, double draft_us) const {
  const double one = StepUs(1), judge = StepUs(chunk + 1);
  const double all = rate().Survival(chunk + 1);
  const double tokens = rate().ExpectedTokens(chunk);
  // A chunk takes as long as the slower of judging and drafting it.
  const double pace = std::max(judge, draft_us * (chunk + 1));
  const double steps = 1 / (1 - all);
  const double judged_tokens = tokens * steps, judged_us = judge + pace * (steps - 1);
  const double held = (away_us + judged_us) / judged_tokens;
  // Half a step more than the way, on average: the branch meets the cloud amid a step.
  const double n = std::max(1.0, away_us / one + 0.5);
  if (n > kFarAway) return one;
  const int whole = static_cast<int>(n);
  const double alive = rate().Survival(whole) * std::pow(rate().At(whole), n - whole);
  const double streamed = (n * one + alive * judged_us) / (n + alive * judged_tokens);
  return std::min(held, streamed);
}

double Planner::Predict(int32_t chunk) const {
  const double draft = draft_us_ > 0 ? draft_us_ : kFirstDraftUs;
  return Rate(chunk, rtt_us_ + jitter_us_ + draft * chunk, draft);
}

// Drafts to cover a round trip at the pace of judging.
int32_t Planner::Cover(int32_t chunk) const {
  const double judge = StepUs(chunk + 1);
  const auto chunks = static_cast<int32_t>(std::ceil((rtt_us_ + judge) / std::max(judge, 1.0)));
  return chunk * std::clamp(chunks + 1, 2, 64);
}

int32_t Planner::WindowFor(int32_t chunk) const {
  int32_t window = Cover(chunk);
  while (window > chunk && rate().Survival(window - chunk) < kLeastSurvival) window -= chunk;
  return window;
}

int32_t Planner::Worth(std::span<const double> margins) const {
  const double row =
      costs_.step_us.empty() ? 0 : StepUs(2) / StepUs(1) - 1;  // of a step, which brings one token
  double judged = 1;                                           // chance that a draft is: all before it stand
  int32_t worth = 0;
  while (worth < static_cast<int32_t>(margins.size()) && judged >= kLeastSurvival) {
    const double stands = acceptance_.Of(worth, margins[static_cast<size_t>(worth)]);
    if (stands < row) break;
    judged *= stands;
    ++worth;
  }
  return worth;
}

// The same model with a draft that costs nothing and a link that never jitters: a mismatch still costs the
// round trip, or the steps streamed over it.
double Planner::BoundUs() const {
  if (costs_.step_us.empty()) return 0;
  double best = StepUs(1);
  for (const int chunk : kChunks) {
    if (chunk <= most_) best = std::min(best, Rate(chunk, rtt_us_, 0));
  }
  return best;
}

const Plan& Planner::Now(int32_t max_window) {
  if (costs_.step_us.empty()) {
    plan_.rule = {std::min<int32_t>(4, most_), std::min<int32_t>(8, std::max(max_window, 1)), false};
    plan_.drafts = true;
    return plan_;
  }
  int32_t best = 1;
  double best_us = std::numeric_limits<double>::infinity();
  for (const int chunk : kChunks) {
    if (chunk > most_ || chunk > max_window) break;
    const double us = Predict(chunk);
    if (us < best_us) best = chunk, best_us = us;
  }
  const double present = plan_.drafts ? Predict(plan_.rule.chunk) : StepUs(1);
  const bool had_plan = plan_.us_per_token > 0;
  if (!had_plan || present > kHysteresis * std::min(best_us, StepUs(1))) {
    plan_.drafts = best_us < StepUs(1);
    plan_.rule.chunk = best;
  }
  plan_.rule.stop_and_wait = false;
  plan_.rule.window = plan_.drafts ? std::min(Cover(plan_.rule.chunk), max_window) : 0;
  const double share = plan_.drafts ? drafted_share_ : 0;
  plan_.us_per_token = share * Predict(plan_.rule.chunk) + (1 - share) * StepUs(1);
  return plan_;
}

}  // namespace tandem
