// What rows of activations at the cuts of a model are like, measured on a text: figures that a row codec may
// have to know beforehand. They lie beside the weights, in the metadata of a part (model/model_part.h):
//   tandem.rows.cuts             u32 array [cuts], ascending: each in front of which layer
//   tandem.rows.sink_thresholds  f32 array [cuts], >= 0
//   tandem.rows.head_weights     f32 array [cuts][heads], >= 0, a cut's not all 0 but before layer 0; may be
//                                missing
//   tandem.rows.channels         f32 array [cuts][4][3][width], a RowStatistics' channels in their order, of
//                                each low, high and mean_magnitude
// They are no tensors: a part's identity does not depend on them.
#pragma once

#include <array>
#include <vector>

#include "base/result.h"

namespace tandem {

class GgufHeader;
class GgufMetadata;
struct Hparams;

// Of every channel of some rows, one figure each: finite, low <= 0 <= high, mean_magnitude >= 0.
struct ChannelStatistics {
  std::vector<float> low, high, mean_magnitude;
  friend bool operator==(const ChannelStatistics&, const ChannelStatistics&) = default;
};

// Rows that leave layer cut - 1, or the embedding.
struct RowStatistics {
  static constexpr size_t kKinds = 4;
  static constexpr size_t Kind(bool rotated, bool without_sinks) {
    return (rotated ? 1 : 0) + (without_sinks ? 2 : 0);
  }

  int cut = 0;
  float sink_threshold = 0;                          // a row is a sink when its largest magnitude is above it
  std::array<ChannelStatistics, kKinds> channels{};  // of rows as they are or rotated, all or no sinks: Kind
  // How much each attention head of layer cut - 1 counts, a share of 1; empty: not measured, or no layer.
  std::vector<float> head_weights{};
  friend bool operator==(const RowStatistics&, const RowStatistics&) = default;
};

// rows: of one width, ascending cuts; head weights for all cuts but 0, or for none.
void AddRowStatistics(const std::vector<RowStatistics>& rows, GgufMetadata& metadata);

// None where the header has none of the keys. kFile for keys that are missing, of another kind, or hold other
// figures than said above.
Result<std::vector<RowStatistics>> ReadRowStatistics(const GgufHeader& header, const Hparams& model);

}  // namespace tandem
