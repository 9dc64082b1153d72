// See ratings.h.
#include "cli/ratings.h"

#include <fmt/format.h>

namespace tandem {

std::string_view SpeedStatus(double speedup) {
  if (speedup > 1.0) return "BENEFICIAL";
  return speedup > 0.8 ? "MARGINAL" : "SLOWER";
}

std::string SpeedStatusLine(double speedup) {
  return fmt::format("{} - {:.2f} SPEEDUP", SpeedStatus(speedup), speedup);
}

std::string_view SpeedVerdict(double speedup) {
  if (speedup > 1.5) return "EXCELLENT";
  if (speedup > 1.2) return "GOOD";
  return speedup > 1.0 ? "MODEST" : "NONE";
}

std::string_view AcceptanceRating(double acceptance) {
  if (acceptance > 0.5) return "EXCELLENT";
  if (acceptance > 0.3) return "GOOD";
  return acceptance > 0.1 ? "MODERATE" : "POOR";
}

}  // namespace tandem
