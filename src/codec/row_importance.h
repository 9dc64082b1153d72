// Which rows of a text matter, told from attention (system 1's methods): how much attention each row gets
// makes its importance, and the least important rows are those to be quantised.
//
// Of one layer's softmax weights A[i][j] (query i over rows j <= i, L rows), per head:
//   regular    I[j] = (1/L) sum over i of A[i][j], mean over heads
//   last_row   I[j] = A[L-1][j], mean over heads
//   weighted   as regular, heads weighted by their relevance
// and of the layers up to the cut:
//   aggregate  mean of their regular importances
//   maximum    the largest of them, row by row
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace tandem {

enum class ImportanceMethod { kRegular, kLastRow, kWeighted, kAggregate, kMaximum, kRandom };

// Which rows a ratio of 0..1 says.
enum class RowChoice {
  kShare,  // the floor(ratio * L) least important
  kMass,   // all but the fewest rows that hold 1 - ratio of the importance
};

// What a name of params.json stands for:
//   regular_importance, last_row, weighted_importance, random   the layer at the cut
//   aggregate_till          aggregate, layers 0 to the cut
//   aggregate upto N        aggregate, layers 0 to N, or to the cut where that comes first
//   maximum aggregation     maximum, layers 0 to the cut
//   upto ratio              regular, with RowChoice::kMass
struct ImportanceSpec {
  ImportanceMethod method = ImportanceMethod::kRegular;
  RowChoice choice = RowChoice::kShare;
  int upto = -1;  // of kAggregate: the last layer that counts; -1: the cut's

  // The method reads attention at all; and of more than the layer at the cut.
  bool NeedsAttention() const { return method != ImportanceMethod::kRandom; }
  bool NeedsLowerLayers() const {
    return method == ImportanceMethod::kAggregate || method == ImportanceMethod::kMaximum;
  }
  friend bool operator==(const ImportanceSpec&, const ImportanceSpec&) = default;
};

// kUsage, with the list, for another name; N is 0..511.
Result<ImportanceSpec> ParseImportance(std::string_view name);
std::string NameOf(const ImportanceSpec& spec);  // ParseImportance reads it back

// What a probe saw in one layer (decode/attention_probe.h): head after head, one figure a row.
struct LayerAttention {
  int layer = 0;                       // of the model, from 0
  std::span<const float> column_sums;  // [heads][rows]: sum over queries
  std::span<const float> last_row;     // [heads][rows]
};

struct ImportanceInput {
  // In ascending order; the last is the layer at the cut, whose output rows are to be coded. NeedsLowerLayers
  // wants all layers from 0 on.
  std::span<const LayerAttention> layers;
  size_t rows = 0;                        // L
  std::span<const float> head_relevance;  // of kWeighted: one a head of the layer at the cut, >= 0, sum > 0
  uint64_t seed = 0;                      // of kRandom
};

// One figure a row, finite, >= 0. They sum to 1, as a softmax's weights do, but for maximum and random.
// Random figures are uniform in (0, 1), a function of seed and row. kUsage, with the figures, for input that
// does not fit the method; kModel for attention that is not finite.
Result<std::vector<float>> RowImportance(const ImportanceSpec& spec, const ImportanceInput& input);

// One flag a row, 1 for those to be quantised; of equally important rows the earlier goes first. Ratio 0
// quantises none, 1 all. kUsage for a ratio outside of 0..1 and importances that are not finite or negative.
Result<std::vector<uint8_t>> RowsToQuantise(RowChoice choice, std::span<const float> importance,
                                            double ratio);

}  // namespace tandem
