// How much two importances of the same rows agree: Spearman's rank correlation, and the overlap of their
// tops.
#pragma once

#include <optional>
#include <span>

namespace tandem {

// Pearson's correlation of the ranks, equal values sharing the mean of theirs; -1..1. Nothing when all values
// of one side are equal, or there are fewer than two. Sizes must be equal. O(n log n).
std::optional<double> SpearmanCorrelation(std::span<const float> a, std::span<const float> b);

// Rows in both tops over rows in either; the top is the floor(share * n) largest, but at least one, of equals
// the earlier. 0..1; 1 for no rows. Sizes must be equal, share in 0..1.
double TopJaccard(std::span<const float> a, std::span<const float> b, double share = 0.1);

}  // namespace tandem
