// The rate of the way up, from a prompt's frames: the edge knows when each left and how long it is, the cloud
// says how long after the first one the last one came (Opened.rows_us). A line of one rate that takes frames
// in turn has exactly one rate at which they come that far apart. A young TCP connection's slow start reads
// as a slower line than there is: over a long round trip the figure is a lower bound. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "base/types.h"

namespace tandem {

class UplinkMeter {
 public:
  // A new burst: its first frame leaves now.
  void Begin(Micros now, size_t bytes);
  // Another one of the burst; `now` does not decrease.
  void Sent(Micros now, size_t bytes);

  // Bytes a us, if the last frame came `apart` after the first. nullopt while it tells nothing: no second
  // frame, or they came no further apart than they left plus `noise`, so that the line was never in the way.
  std::optional<double> Rate(Micros apart, Micros noise) const;

 private:
  struct Frame {
    double left_us = 0;  // after the first
    double bytes = 0;
  };
  double ApartUs(double bytes_per_us) const;

  Micros begun_{0};
  std::vector<Frame> frames_;
};

}  // namespace tandem
