// See draft_trace.h.
#include "lab/draft_trace.h"

#include <algorithm>
#include <cmath>

#include "edge/drafter.h"
#include "sample/sampler.h"

namespace tandem {

namespace {

// A model that follows the text.
class Follower {
 public:
  Follower(Engine& engine, Pos prompt) : engine_(engine), drafter_(engine, {{0, prompt}}) {}

  Result<std::span<const float>> After(const std::vector<Token>& text) {
    for (;;) {
      const Result<SeqRows> rows = drafter_.Next(text);
      if (!rows) return Forward(rows);
      const Result<LogitsView> logits = engine_.Step({&*rows, 1});
      if (!logits) return Forward(logits);
      drafter_.Done();
      if (rows->logits > 0) return (*logits)[0];
    }
  }

 private:
  Engine& engine_;
  Drafter drafter_;
};

// Of the plain softmax at the temperature, 1 where there is none.
struct Softmax {
  double top = 0, sum = 0, weighted = 0, heat = 1;  // weighted: sum of e^x x, x from the top

  Softmax(std::span<const float> logits, float temperature) : heat(temperature > 0 ? temperature : 1.0) {
    top = *std::max_element(logits.begin(), logits.end());
    for (const float logit : logits) {
      const double x = (logit - top) / heat;
      sum += std::exp(x);
      weighted += x > -700 ? std::exp(x) * x : 0;
    }
  }
  double Of(float logit) const { return std::exp((logit - top) / heat) / sum; }
  double Entropy() const { return std::log(sum) - weighted / sum; }
};

double EntropyOf(const Distribution& law) {
  double entropy = 0;
  for (const Candidate& c : law) entropy -= c.p > 0 ? c.p * std::log(c.p) : 0;
  return entropy;
}

double LeadOf(std::span<const float> logits) {
  float top = -std::numeric_limits<float>::infinity(), second = top;
  for (const float logit : logits) {
    second = std::max(second, std::min(top, logit));
    top = std::max(top, logit);
  }
  return double{top} - second;
}

DraftSample Look(Sampler& sampler, std::span<const float> logits, const std::vector<Token>& text,
                 Token truth) {
  const RaceResult pick = sampler.PickWithMargin(logits, text);
  const float heat = sampler.params().temperature;
  const Softmax plain(logits, heat);
  const double warped = heat > 0 ? EntropyOf(sampler.Warp(logits, text)) : plain.Entropy();
  return {.surety = {pick.margin, LeadOf(logits), -warped, -plain.Entropy(), 1 / plain.sum,
                     plain.Of(logits[static_cast<size_t>(pick.winner)])},
          .stands = pick.winner == truth};
}

}  // namespace

const char* SuretyName(Surety surety) {
  constexpr std::array<const char*, kSureties> kNames = {"margin of the race",     "lead of the best logit",
                                                         "entropy, warped",        "entropy, plain softmax",
                                                         "probability, likeliest", "probability, drafted"};
  return kNames[static_cast<size_t>(surety)];
}

Result<std::vector<DraftSample>> TraceDrafts(const TracePair& pair, const SamplingParams& params,
                                             const std::vector<Token>& prompt, int tokens,
                                             const std::function<bool(Token)>& ends) {
  const auto length = static_cast<Pos>(prompt.size());
  Follower target(*pair.target, length), draft(*pair.draft, length);
  Sampler judge(params), drafter(params);
  const Pos context = std::min(pair.target->info().context, pair.draft->info().context);
  std::vector<Token> text = prompt;
  std::vector<DraftSample> trace;
  while (static_cast<int>(trace.size()) < tokens && static_cast<Pos>(text.size()) < context) {
    const Result<std::span<const float>> truth = target.After(text);
    if (!truth) return Forward(truth);
    const Token next = judge.Pick(*truth, text);
    const Result<std::span<const float>> guess = draft.After(text);
    if (!guess) return Forward(guess);
    trace.push_back(Look(drafter, *guess, text, next));
    if (ends(next)) break;
    text.push_back(next);
  }
  return trace;
}

double Separation(const std::vector<DraftSample>& drafts, Surety by) {
  std::vector<double> stood, fell;
  for (const DraftSample& draft : drafts) (draft.stands ? stood : fell).push_back(draft.Of(by));
  if (stood.empty() || fell.empty()) return 0;
  std::sort(fell.begin(), fell.end());
  double won = 0;
  for (const double sure : stood) {
    const auto [first, last] = std::equal_range(fell.begin(), fell.end(), sure);
    won += static_cast<double>(first - fell.begin()) + static_cast<double>(last - first) / 2;
  }
  return won / (static_cast<double>(stood.size()) * static_cast<double>(fell.size()));
}

}  // namespace tandem
