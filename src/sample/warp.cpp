// The warpers, see warp.h. Penalties work in float as llama.cpp's do; all else in double, in a fixed order:
// both sides of a link must get the same bits. Top_p and min_p both keep a beginning of the sorted
// candidates, so the shorter one counts and one walk serves both.
#include "sample/warp.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

namespace tandem {
namespace {

constexpr float kNever = -std::numeric_limits<float>::infinity();

// Ids of the window and how often each occurs.
std::map<Token, int> CountWindow(std::span<const Token> history, int32_t last_n) {
  const size_t window = std::min(history.size(), static_cast<size_t>(std::max(last_n, 0)));
  std::map<Token, int> counts;
  for (const Token id : history.last(window)) ++counts[id];
  return counts;
}

}  // namespace

const Distribution& Warper::Warp(std::span<const float> logits, std::span<const Token> history) {
  out_.clear();
  lead_ = 0.0;
  if (logits.empty()) return out_;
  const std::span<const float> raw = Penalise(logits, history);
  if (params_.temperature <= 0.0f) {
    const Token best = Best(raw);
    out_.push_back({best, raw[static_cast<size_t>(best)], 1.0});
    return out_;
  }
  const auto k = static_cast<size_t>(std::max(params_.top_k, 0));
  if (k == 0 || k >= raw.size()) {
    RankAll(raw);
  } else {
    RankTop(raw, k);
  }
  if (ranks_.empty()) {
    out_.push_back({0, kNever, 1.0});
    return out_;
  }
  lead_ = ranks_.size() < 2 ? -double{kNever} : double{LogitOf(ranks_[0])} - LogitOf(ranks_[1]);
  Cut();
  Normalise();
  return out_;
}

// The argmax, ties to the lowest id.
Token Warper::Best(std::span<const float> logits) {
  Token best = 0;
  float top = kNever, second = kNever;
  for (size_t i = 0; i < logits.size(); ++i) {
    if (!(logits[i] > second)) continue;
    if (logits[i] > top) {
      second = top;
      top = logits[i];
      best = static_cast<Token>(i);
    } else {
      second = logits[i];
    }
  }
  lead_ = top > second ? double{top} - second : 0.0;
  return best;
}

// The logits themselves when no penalty is set.
std::span<const float> Warper::Penalise(std::span<const float> logits, std::span<const Token> history) {
  const bool off =
      params_.repeat_penalty == 1.0f && params_.frequency_penalty == 0.0f && params_.presence_penalty == 0.0f;
  if (off || params_.repeat_last_n <= 0) return logits;
  penalised_.assign(logits.begin(), logits.end());
  for (const auto& [id, count] : CountWindow(history, params_.repeat_last_n)) {
    if (id < 0 || static_cast<size_t>(id) >= penalised_.size()) continue;
    float& logit = penalised_[static_cast<size_t>(id)];
    logit = logit > 0.0f ? logit / params_.repeat_penalty : logit * params_.repeat_penalty;
    logit -= static_cast<float>(count) * params_.frequency_penalty + params_.presence_penalty;
  }
  return penalised_;
}

void Warper::RankAll(std::span<const float> logits) {
  ranks_.clear();
  for (size_t i = 0; i < logits.size(); ++i) {
    if (logits[i] > kNever) ranks_.push_back(RankOf(logits[i], static_cast<Token>(i)));
  }
  SortRanks(ranks_, spare_);
}

// The k first. Collects what is above a floor, and whenever there is too much of it, keeps the k first and
// raises the floor to the last of them: a later id with an equal logit would come after it.
void Warper::RankTop(std::span<const float> logits, size_t k) {
  const size_t room = 4 * k + 64;
  float floor = kNever;
  const auto keep = [&] {
    SortRanks(ranks_, spare_);
    if (ranks_.size() < k) return;
    ranks_.resize(k);
    floor = LogitOf(ranks_.back());
  };
  ranks_.clear();
  for (size_t i = 0; i < logits.size(); ++i) {
    if (!(logits[i] > floor)) continue;
    ranks_.push_back(RankOf(logits[i], static_cast<Token>(i)));
    if (ranks_.size() >= room) keep();
  }
  keep();
}

// Of all ranked candidates, in units of the first one's probability.
double Warper::Mass() const {
  const double top = LogitOf(ranks_.front());
  double mass = 0.0;
  for (const Rank rank : ranks_) mass += std::exp(LogitOf(rank) - top);
  return mass;
}

// p >= min_p * p_max reads logit >= top + log(min_p).
void Warper::Cut() {
  const double top = LogitOf(ranks_.front());
  const double least = params_.min_p > 0.0f ? top + std::log(static_cast<double>(params_.min_p)) : kNever;
  const bool all = params_.top_p >= 1.0f;
  const double enough = all ? 0.0 : static_cast<double>(params_.top_p) * Mass();
  double mass = 0.0;
  for (const Rank rank : ranks_) {
    const double logit = LogitOf(rank);
    if (logit < least) return;
    out_.push_back({IdOf(rank), logit, 0.0});
    if (!all && (mass += std::exp(logit - top)) >= enough) return;
  }
}

void Warper::Normalise() {
  for (Candidate& c : out_) c.logit /= params_.temperature;
  const double top = out_.front().logit;
  double sum = 0.0;
  for (Candidate& c : out_) sum += c.p = std::exp(c.logit - top);
  for (Candidate& c : out_) c.p /= sum;
}

}  // namespace tandem
