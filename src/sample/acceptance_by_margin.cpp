// See acceptance_by_margin.h.
#include "sample/acceptance_by_margin.h"

#include <algorithm>
#include <cmath>

namespace tandem {

namespace {

constexpr double kFade = 1.0 - 1.0 / 100;
constexpr double kPull =
    3;  // judgements that the prior of a bucket is worth: margins may tell little of another pair
// Odds of a bucket's drafts over those of all, as the demo pair has them at temperatures 0 and 0.8
// (`tandem bench doubt`).
constexpr std::array<double, AcceptanceByMargin::kBuckets> kOdds = {0.27, 0.45, 0.8, 1.3, 2.6, 6, 25};

}  // namespace

size_t AcceptanceByMargin::BucketOf(double margin) {
  return static_cast<size_t>(std::upper_bound(kBounds.begin(), kBounds.end(), margin) - kBounds.begin());
}

void AcceptanceByMargin::Judge(int depth, double margin, bool accepted) {
  rate_.Judge(depth, accepted);
  if (!std::isfinite(margin)) return;
  Count& bucket = buckets_[BucketOf(margin)];
  bucket.judged = bucket.judged * kFade + 1;
  bucket.accepted = bucket.accepted * kFade + (accepted ? 1.0 : 0.0);
}

double AcceptanceByMargin::Of(int depth, double margin) const {
  const double rate = rate_.At(depth);
  if (!std::isfinite(margin)) return rate;
  const size_t at = BucketOf(margin);
  const double odds = kOdds[at] * rate / (1 - rate);
  const Count& bucket = buckets_[at];
  const double chance = (bucket.accepted + kPull * odds / (1 + odds)) / (bucket.judged + kPull);
  return std::clamp(chance, 0.02, 0.98);
}

}  // namespace tandem
