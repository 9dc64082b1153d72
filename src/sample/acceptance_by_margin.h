// How likely one draft is to stand, by how clearly it won its race (sample/race.h): drafts that were a close
// call fall more often. Learned from those that were judged.
#pragma once

#include <array>
#include <cstddef>

#include "sample/acceptance.h"

namespace tandem {

// Judged drafts by their margin, in buckets; a bucket begins with the running rate by depth, moved by what
// its margin usually tells, and goes by its own drafts the more of them it has seen. Old judgements fade as
// AcceptanceRate's do. A value: copy it freely.
class AcceptanceByMargin {
 public:
  // Upper bounds of the buckets but the last; margins are natural logarithms of odds.
  static constexpr std::array<double, 6> kBounds = {0.5, 1, 1.5, 2, 3, 4.5};
  static constexpr size_t kBuckets = kBounds.size() + 1;
  static size_t BucketOf(double margin);

  // depth as AcceptanceRate's. margin >= 0; infinite: not known (no race had a second one).
  void Judge(int depth, double margin, bool accepted);
  // Chance that such a draft stands given that all before it do, in [0.02, 0.98].
  double Of(int depth, double margin) const;

  const AcceptanceRate& rate() const { return rate_; }  // of all margins

 private:
  struct Count {
    double judged = 0, accepted = 0;
  };
  AcceptanceRate rate_;
  std::array<Count, kBuckets> buckets_{};
};

}  // namespace tandem
