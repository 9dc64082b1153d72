// How full the battery is that this machine runs on.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace tandem {

// Linux's /sys/class/power_supply: the fullest battery of the machine, 0 to 1, while it discharges. nullopt
// on mains, without a battery, and where the system does not say. Devices' own batteries (scope Device: a
// mouse's) do not count.
std::optional<double> BatteryLevel(const std::string& folder = "/sys/class/power_supply");

// "auto" (BatteryLevel, each time), "mains" or a percentage like "35%". kUsage for anything else.
struct BatteryWord {
  bool automatic = true;
  std::optional<double> level{};  // not automatic: as said; nullopt: mains
};
Result<BatteryWord> ParseBattery(std::string_view word);

// What a us of the processor's work counts beside a us that passes: 0 on mains, (1 - level) / level on a
// battery, so that at half its charge both count alike; at most 19, as at 5 %.
double EdgeWeightOf(std::optional<double> level);

}  // namespace tandem
