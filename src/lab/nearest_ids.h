// Ids by how near their vectors (embeddings, say) lie to a row: the ids that a row is most likely of, for
// somebody who knows nothing else.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "base/types.h"

namespace tandem {

enum class RowMetric { kEuclid, kCosine };
const char* MetricName(RowMetric metric);  // "euclid", "cosine"

// Unchanging; any number of threads may ask at once.
class NearestIds {
 public:
  // vectors: [ids, width], finite; row i is id i's. width > 0.
  NearestIds(std::vector<float> vectors, size_t width);

  size_t ids() const { return squares_.size(); }
  size_t width() const { return width_; }
  std::span<const float> vector(Token id) const;

  // The `most` (1..ids) nearest ids of every row of [n, width], nearest first, ties by rising id: [n, most].
  // Ranked by products in float (n x ids x width multiplications), the best again in double, so that a row
  // that equals a vector finds it. A row or vector of zeros has the cosine 0 to everything.
  std::vector<Token> Nearest(std::span<const float> rows, size_t most, RowMetric metric) const;

 private:
  double Score(const float* row, Token id, RowMetric metric) const;

  std::vector<float> vectors_;
  size_t width_;
  std::vector<float> squares_;  // squared length of each vector
};

}  // namespace tandem
