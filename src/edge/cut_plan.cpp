// See cut_plan.h.
#include "edge/cut_plan.h"

#include <algorithm>
#include <limits>
#include <tuple>

namespace tandem {

namespace {

double Loss(const CutOption& option) {
  return std::max(0.0, option.dppl);
}

void Scale(HalfTimes& half, double factor) {
  half.row_us *= factor;
  half.tail_us *= factor;
  half.block_us *= factor;
}

}  // namespace

std::vector<CutOption> RankCuts(const CutPlan& plan, const CutTerms& terms) {
  std::vector<CutOption> options;
  for (const PlannedCut& cut : plan.cuts) {
    for (const CodecAtCut& codec : cut.codecs) {
      CutOption option{cut.times.begin, codec.codec, codec.dppl, {}};
      option.times =
          PredictSplit(cut.times, cut.times.begin == plan.layers, codec.cost, terms.link, terms.text);
      option.cost_us = option.times.MeanUs(terms.text.tokens) + terms.edge_weight * option.times.edge_busy_us;
      options.push_back(std::move(option));
    }
  }
  std::stable_sort(options.begin(), options.end(), [](const CutOption& a, const CutOption& b) {
    return std::make_tuple(a.cost_us, Loss(a), a.begin) < std::make_tuple(b.cost_us, Loss(b), b.begin);
  });
  return options;
}

std::optional<CutOption> BestCut(const CutPlan& plan, const CutTerms& terms) {
  for (CutOption& option : RankCuts(plan, terms)) {
    if (Loss(option) <= terms.max_dppl) return std::move(option);
  }
  return std::nullopt;
}

std::vector<CutOption> ParetoFront(const std::vector<CutOption>& options) {
  std::vector<CutOption> front;
  double least = std::numeric_limits<double>::infinity();
  for (const CutOption& option : options) {
    if (Loss(option) >= least) continue;
    least = Loss(option);
    front.push_back(option);
  }
  return front;
}

namespace {

HalfTimes Guessed(double values) {
  constexpr double kUsOfValue = 1e-3;           // about 1 GB/s of weights: the follower corrects it
  constexpr double kTail = 8.0, kBlock = 12.0;  // a prompt's rows share the reading of weights
  const double row_us = kUsOfValue * values;
  return {.row_us = row_us, .tail_us = kTail * row_us, .block_us = kBlock * row_us};
}

}  // namespace

CutPlan GuessedPlan(const ModelWeights& weights, const CodecAtCut& codec) {
  CutPlan plan{weights.layers, {}};
  for (int begin = 0; begin <= weights.layers; ++begin) {
    const CutTimes times{begin, Guessed(begin * weights.layer_values),
                         Guessed((weights.layers - begin) * weights.layer_values + weights.head_values)};
    plan.cuts.push_back({times, {codec}});
  }
  return plan;
}

CutPlan Within(CutPlan plan, int most) {
  std::erase_if(plan.cuts, [most](const PlannedCut& cut) { return cut.times.begin > most; });
  return plan;
}

CutPlan Scaled(CutPlan plan, double edge, double cloud) {
  for (PlannedCut& cut : plan.cuts) {
    Scale(cut.times.edge, edge);
    Scale(cut.times.cloud, cloud);
  }
  return plan;
}

}  // namespace tandem
