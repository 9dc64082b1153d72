// What a step computes, decided before any graph exists: which rows, in which attention nodes, padded to how
// many. Plain figures, testable without a model.
#pragma once

#include <vector>

#include "base/result.h"
#include "decode/engine.h"

namespace tandem {

// How many rows a matrix product must have so that each row's bits do not depend on their number
// (decode/row_rule.h): at least `least`, and a multiple of `multiple`.
struct RowRule {
  int least = 1;
  int multiple = 1;

  int Pad(int rows) const;  // rows >= 1; 0 stays 0
  friend bool operator==(const RowRule&, const RowRule&) = default;
};

// Rows [begin, begin + rows) of a sequence's part of the step, in one flash-attention node.
struct AttentionNode {
  int begin = 0;
  int rows = 0;
  bool twice = false;  // a lone row, computed as two equal ones: the one-row kernel rounds differently
  friend bool operator==(const AttentionNode&, const AttentionNode&) = default;
};

// The rows of one sequence in a step.
struct PlannedSequence {
  SeqId seq = 0;
  int begin = 0;  // first row within the step
  int rows = 0;
  int columns = 0;  // cached rows that attention reads, padded; the new rows included
  std::vector<AttentionNode> nodes;

  // Rows of its mask: one a row, and the lone row's again where it is computed twice.
  int MaskRows() const { return rows + (nodes.size() == 1 && nodes[0].twice ? 1 : 0); }
  friend bool operator==(const PlannedSequence&, const PlannedSequence&) = default;
};

// The shape of a step: two steps of equal shape can run the same graph.
struct StepShape {
  std::vector<PlannedSequence> sequences;
  int rows = 0;         // of all sequences
  int padded_rows = 0;  // rows of the matrix products before the selection of wanted rows
  int wanted = 0;       // rows that go on behind the last layer's attention
  int padded_wanted = 0;
  int scaled = -1;          // layer of the range whose heads are multiplied by factors; -1: none
  std::vector<int> probed;  // layers of the range whose attention is probed, ascending; then of one sequence
  friend bool operator==(const StepShape&, const StepShape&) = default;

  bool SelectsRows() const { return wanted != rows; }
};

// A node of ggml's small kernels holds 2 to 63 query rows, one of its wide kernels 64 and more
// (GGML_FA_TILE_Q).
constexpr int kSmallNodeRows = 63;
// From this many (padded) cached rows on, ggml splits a lone query's work over the cache, which rounds
// differently.
constexpr int kSplitColumns = 512;

// Nodes for `rows` rows of one class over `columns` cached rows: bulk rows in one node, small rows in as few
// nodes as hold them, of nearly equal size.
std::vector<AttentionNode> PlanAttention(int rows, bool bulk, int columns);

}  // namespace tandem
