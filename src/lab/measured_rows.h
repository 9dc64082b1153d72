// What rows of activations at the cuts of a model are like, measured on a text, for a part of the model to
// hold (model/row_statistics.h).
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "codec/row_plan.h"
#include "decode/stage_chain.h"
#include "lab/head_relevance.h"
#include "lab/perplexity_run.h"
#include "model/row_statistics.h"
#include "model/stages.h"

namespace tandem {

// Layers in front of which a model may be cut that is held in these parts: their ends and what lies between.
std::vector<int> CutsWithin(std::span<const StageRange> stages, int layers);

// Of these rows, which passed that cut. A row is a sink when its largest magnitude is above 64 times the
// median row's. Errors as Calibrate (codec/row_calibration.h).
Result<RowStatistics> StatisticsAt(int cut, const RowsView& rows);

// At every cut of the chain, which are these, on all windows of the text; its rows are held at once: 4 bytes
// a value. Errors as StageChain::Run and Calibrate.
Result<std::vector<RowStatistics>> MeasureRows(StageChain& chain, std::span<const int> cuts,
                                               const EvaluatedText& text);

// Adds to rows of cuts of the model at `path` how much each head of the layer before the cut counts, on the
// text's first window. Costs and errors as MeasureHeadRelevance.
Status WeighHeads(const std::string& path, const EvaluatedText& text, const HeadRelevanceOptions& options,
                  std::vector<RowStatistics>& rows);

}  // namespace tandem
