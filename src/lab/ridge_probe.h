// A linear map from rows at a cut to the embeddings of their tokens, learnt from a text that is known to both
// sides: ridge regression, W = (X'X + l t I)^-1 X'Y over centred rows X and targets Y, t the mean of the
// diagonal of X'X (Hoerl and Kennard, "Ridge Regression", Technometrics 12, 1970).
#pragma once

#include <span>
#include <vector>

#include "base/result.h"

namespace tandem {

class RidgeProbe {
 public:
  // rows, targets: [n, width], finite, n >= 2; strength: l above, > 0. Products and solution in double:
  // n width^2 + width^3 multiplications, 32 width^2 bytes. kUsage for other sizes, kModel where the rows do
  // not allow a solution (all of them equal).
  static Result<RidgeProbe> Fit(std::span<const float> rows, std::span<const float> targets, size_t width,
                                double strength);

  // [n, width] to [n, width].
  std::vector<float> Map(std::span<const float> rows) const;

 private:
  RidgeProbe() = default;

  size_t width_ = 0;
  std::vector<double> weights_;  // [width, width]: from, to
  std::vector<double> row_mean_, target_mean_;
};

}  // namespace tandem
