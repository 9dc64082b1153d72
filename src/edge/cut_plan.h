// Where to cut a model and in which codec its rows travel: every cut and codec that was measured, what a text
// takes with each, and the best of them. It re-creates system 1's problem, min T_total so that dPPL <= a
// bound (docs/split.md, "Where to cut"), and adds the edge's battery to it. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "edge/split_times.h"

namespace tandem {

struct CodecAtCut {
  std::string codec;  // a name (codec/row_codec_spec.h)
  RowsCost cost;
  double dppl = 0;  // perplexity with the rows coded over that without, less 1
};

struct PlannedCut {
  CutTimes times;
  std::vector<CodecAtCut> codecs;
};

struct CutPlan {
  int layers = 0;  // of the model
  std::vector<PlannedCut> cuts;
};

// Under which circumstances, and what is asked.
struct CutTerms {
  LinkTimes link;
  TextLength text;
  double max_dppl = 0;     // at most so much; a dppl below 0 is noise and counts as 0
  double edge_weight = 0;  // what a us of the edge's processor costs beside the us that passes: its battery
};

struct CutOption {
  int begin = 0;
  std::string codec;
  double dppl = 0;
  SplitTimes times;
  double cost_us = 0;  // a token's, in the mean: time, and edge_weight for each us at work
};

// Every cut and codec of the plan, whatever its dppl, cheapest first; of equals the one with less loss, then
// with fewer layers here.
std::vector<CutOption> RankCuts(const CutPlan& plan, const CutTerms& terms);
// The first that keeps the bound; nullopt when none does.
std::optional<CutOption> BestCut(const CutPlan& plan, const CutTerms& terms);
// Of these, in the same order, those that no other beats in both cost and loss.
std::vector<CutOption> ParetoFront(const std::vector<CutOption>& points);

// The same plan where each side takes so many times as long.
CutPlan Scaled(CutPlan plan, double edge, double cloud);

// A plan that nobody measured: a step of one row takes as long as reading its weights, on both sides alike,
// in some unit; all cuts of `layers` layers with one codec. What matters is how cuts compare until they are
// seen.
struct ModelWeights {
  int layers = 0;
  double layer_values = 0, head_values = 0;  // as model/model_facts.h has them
};
CutPlan GuessedPlan(const ModelWeights& weights, const CodecAtCut& codec);

// Without the cuts behind more than `most` layers, which the edge does not hold.
CutPlan Within(CutPlan plan, int most);

}  // namespace tandem
