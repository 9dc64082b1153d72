// The lists that options of `tandem bench` take, values between commas. What is named twice counts once.
#pragma once

#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/types.h"
#include "cli/contender.h"

namespace tandem {

// modes: names as of `tandem run --mode`; sync and speculate come once for each of ks. kUsage for a word that
// is no mode, a k outside of 1 to 64, and a list without cloud, which is the baseline.
Result<std::vector<Contender>> ParseContenders(std::string_view modes, std::string_view ks);

// "0,10,30": milliseconds; with a unit whatever it says ("1s"). kUsage for anything else, and past 60 s.
Result<std::vector<Micros>> ParseRoundTrips(std::string_view list);

}  // namespace tandem
