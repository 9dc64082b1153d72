// What a running text shows of its layers here, its cloud and its link, gathered for whoever moves its cut
// (edge/cut_follower.h). No clock, no I/O.
#pragma once

#include <cstddef>

#include "base/types.h"
#include "edge/cut_follower.h"
#include "edge/generation.h"
#include "edge/uplink_meter.h"

namespace tandem {

// One thread at a time.
class LinkFacts {
 public:
  void Burst() { uplink_ = {}; }  // frames of a session that opens follow
  void Sent(Micros now, size_t bytes) { uplink_.Sent(now, bytes); }
  void Opened(const GenerationStats& stats);
  // A frame of rows left: what computing and coding so many took.
  void Front(Micros took, int rows);
  void Moved();  // the cut: what was seen of the layers here is of others now

  CutFacts Facts(const Generation& generation) const;

 private:
  UplinkMeter uplink_;
  double up_bytes_per_us_ = 0;
  uint64_t sessions_ = 0;
  size_t old_trips_ = 0;  // round trips of sessions before
  double front_us_ = 0;
  int front_rows_ = 0;
};

}  // namespace tandem
