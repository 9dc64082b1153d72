// Words for what a comparison measured, at the thresholds that system 2's bench used. Pure.
#pragma once

#include <string>
#include <string_view>

namespace tandem {

// Of a speedup over the baseline: "BENEFICIAL" above 1.0, "MARGINAL" above 0.8, else "SLOWER".
std::string_view SpeedStatus(double speedup);

// "BENEFICIAL - 1.46 SPEEDUP".
std::string SpeedStatusLine(double speedup);

// "EXCELLENT" above 1.5, "GOOD" above 1.2, "MODEST" above 1.0, else "NONE".
std::string_view SpeedVerdict(double speedup);

// Of accepted / verified: "EXCELLENT" above 0.5, "GOOD" above 0.3, "MODERATE" above 0.1, else "POOR".
std::string_view AcceptanceRating(double acceptance);

}  // namespace tandem
