// The file of a sweep: which cuts, which ways of choosing rows, which ratios, which codecs. System 1's files
// (sv-goat/LLM-Inference-in-Distributed-Edge-Networks, params.json) are such files as they are.
//
//   ratios              shares of the rows that are quantised, 0 to 1; if one is above 1, all are tenths
//   layers_of_interest  a number L cuts behind layer L, counted from 0. In experiment "initial" without
//                       `methods` the cut is behind layer 2, and these are whose importance counts: layers,
//                       or "aggregate upto N", "maximum aggregation", "upto ratio"
//   methods             importances (codec/row_importance.h), and system 1's codecs by channel: channel_8,
//                       channel_4, channel_1_mean, channel_1_max
//   stride, max_length  of the sliding window
//   experiment          "last_row" or "initial"
// and of our own:
//   codecs              names (docs/codecs.md), each tried at every cut; rows compete by the first method
//   plant               above 1: everything is tried once more with each window's first row that many times
//                       as large
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "cli/perplexity_report.h"

namespace tandem {

struct SweepParams {
  std::vector<double> ratios{};
  std::vector<int> layers{};           // cuts behind these
  std::vector<std::string> methods{};  // importances, as ParseImportance reads them
  std::vector<int> method_layers{};    // of experiment "initial": whose attention; -1: the cut's own
  std::vector<std::string> codecs{};   // names in full
  std::optional<Pos> stride{}, max_length{};
  double plant = 1;
  std::vector<std::string> warnings{};  // what was read otherwise than it says
};

// kFile for what is no JSON object; kUsage, with the field and its value, for an unknown field, one of
// another kind, a value out of range, and a file that asks for nothing.
Result<SweepParams> ParseSweepParams(std::string_view text);

// Everything to be tried on a model of that many layers: for each cut the rows as they are ("f32"), each
// method at each ratio with one int4 scale a message (system 1's quantiser; ratios 0 and 1 once, for they
// leave nothing to choose), and each codec. kUsage for a layer that the model has not.
Result<std::vector<PointName>> SweepPoints(const SweepParams& params, int layers);

}  // namespace tandem
