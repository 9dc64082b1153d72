// See sinks.h.
#include "codec/sinks.h"

#include <algorithm>

namespace tandem {

float MedianPeak(std::span<const float> peaks) {
  if (peaks.empty()) return 0.0f;
  std::vector<float> sorted(peaks.begin(), peaks.end());
  const auto middle = sorted.begin() + static_cast<std::ptrdiff_t>((sorted.size() - 1) / 2);
  std::nth_element(sorted.begin(), middle, sorted.end());
  return *middle;
}

std::vector<uint8_t> FindSinks(std::span<const float> peaks, Pos first, float threshold) {
  std::vector<uint8_t> sinks(peaks.size());
  for (size_t row = 0; row < peaks.size(); ++row) sinks[row] = peaks[row] > threshold ? 1 : 0;
  if (first == 0 && !sinks.empty()) sinks[0] = 1;
  return sinks;
}

}  // namespace tandem
