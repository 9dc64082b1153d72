// See uplink_meter.h.
#include "edge/uplink_meter.h"

#include <algorithm>
#include <cmath>

namespace tandem {

namespace {

// 8 bit/s and 8 Tbit/s: every line lies between.
constexpr double kSlowest = 1e-6, kFastest = 1e6;
constexpr int kHalvings = 60;

}  // namespace

void UplinkMeter::Begin(Micros now, size_t bytes) {
  begun_ = now;
  frames_.assign(1, {0, static_cast<double>(bytes)});
}

void UplinkMeter::Sent(Micros now, size_t bytes) {
  if (frames_.empty()) return Begin(now, bytes);
  frames_.push_back({static_cast<double>((now - begun_).count()), static_cast<double>(bytes)});
}

// A frame is on the line when those before it are; the way is equally long for all and cancels out.
double UplinkMeter::ApartUs(double bytes_per_us) const {
  double on_line = 0, first = 0;
  for (const Frame& frame : frames_) {
    on_line = std::max(on_line, frame.left_us) + frame.bytes / bytes_per_us;
    if (&frame == &frames_.front()) first = on_line;
  }
  return on_line - first;
}

std::optional<double> UplinkMeter::Rate(Micros apart, Micros noise) const {
  if (frames_.size() < 2) return std::nullopt;
  const auto came = static_cast<double>(apart.count());
  if (came <= frames_.back().left_us + static_cast<double>(noise.count())) return std::nullopt;
  // The further apart, the slower; between the two ends the logarithm is halved.
  double slow = std::log(kSlowest), fast = std::log(kFastest);
  for (int i = 0; i < kHalvings; ++i) {
    const double middle = (slow + fast) / 2;
    (ApartUs(std::exp(middle)) > came ? slow : fast) = middle;
  }
  return std::exp(slow);
}

}  // namespace tandem
