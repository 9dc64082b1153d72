// A link as the options say it, as the arithmetic of cuts takes it.
#pragma once

#include "edge/split_times.h"
#include "wire/link_shape.h"

namespace tandem {

constexpr double kBitsPerByteUs = 8e6;  // bit/s of a byte a us

inline LinkTimes LinkTimesOf(Micros rtt, const LinkRates& rates) {
  return {.rtt_us = static_cast<double>(rtt.count()),
          .up_bytes_per_us = rates.up_bps / kBitsPerByteUs,
          .down_bytes_per_us = rates.down_bps / kBitsPerByteUs};
}

}  // namespace tandem
