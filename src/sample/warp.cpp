// The warpers, see warp.h. All arithmetic after the raw logits is in double, in a fixed order: both sides of
// a link must get the same bits.
#include "sample/warp.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

namespace tandem {
namespace {

constexpr double kNever = -std::numeric_limits<double>::infinity();

bool Before(const Candidate& a, const Candidate& b) {
  return a.logit > b.logit || (a.logit == b.logit && a.id < b.id);
}

void Fill(std::span<const float> logits, Distribution& out) {
  out.resize(logits.size());
  for (size_t i = 0; i < logits.size(); ++i) {
    out[i] = {static_cast<Token>(i), std::isnan(logits[i]) ? kNever : static_cast<double>(logits[i]), 0.0};
  }
}

// While `out` is still in id order, so that an id is its index.
void Penalise(std::span<const Token> history, const SamplingParams& params, Distribution& out) {
  const bool off =
      params.repeat_penalty == 1.0f && params.frequency_penalty == 0.0f && params.presence_penalty == 0.0f;
  if (off || params.repeat_last_n <= 0) return;
  const size_t window = std::min(history.size(), static_cast<size_t>(params.repeat_last_n));
  std::map<Token, int> counts;
  for (const Token id : history.last(window)) ++counts[id];
  for (const auto& [id, count] : counts) {
    if (id < 0 || static_cast<size_t>(id) >= out.size()) continue;
    double& logit = out[static_cast<size_t>(id)].logit;
    logit = logit > 0.0 ? logit / params.repeat_penalty : logit * params.repeat_penalty;
    logit -=
        params.frequency_penalty * static_cast<double>(count) + static_cast<double>(params.presence_penalty);
  }
}

// Leaves the k first in order, or all of them sorted when a later warper needs the order.
void KeepTop(int32_t k, Distribution& out) {
  const auto end = k > 0 && static_cast<size_t>(k) < out.size() ? out.begin() + k : out.end();
  if (end != out.end()) std::nth_element(out.begin(), end, out.end(), Before);
  out.erase(end, out.end());
  std::sort(out.begin(), out.end(), Before);
  while (out.size() > 1 && out.back().logit == kNever) out.pop_back();
}

void Normalise(Distribution& out) {
  const double top = out.front().logit;
  double sum = 0.0;
  for (Candidate& c : out) sum += c.p = top == kNever ? 1.0 : std::exp(c.logit - top);
  for (Candidate& c : out) c.p /= sum;
}

void KeepMass(double mass, Distribution& out) {
  if (mass >= 1.0) return;
  Normalise(out);
  double sum = 0.0;
  size_t keep = 0;
  while (keep < out.size() && sum < mass) sum += out[keep++].p;
  out.resize(std::max<size_t>(keep, 1));
}

// In logits, p >= min_p * p_max reads logit >= top + log(min_p).
void KeepLikely(double min_p, Distribution& out) {
  if (min_p <= 0.0) return;
  const double least = out.front().logit + std::log(min_p);
  while (out.size() > 1 && out.back().logit < least) out.pop_back();
}

}  // namespace

void Warp(std::span<const float> logits, std::span<const Token> history, const SamplingParams& params,
          Distribution& out) {
  Fill(logits, out);
  if (out.empty()) return;
  Penalise(history, params, out);
  if (params.temperature <= 0.0f) {
    out = {*std::min_element(out.begin(), out.end(), Before)};
    out.front().p = 1.0;
    return;
  }
  KeepTop(params.top_k, out);
  KeepMass(params.top_p, out);
  KeepLikely(params.min_p, out);
  for (Candidate& c : out) c.logit /= params.temperature;
  Normalise(out);
}

}  // namespace tandem
