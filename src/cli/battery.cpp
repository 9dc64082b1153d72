// See battery.h.
#include "cli/battery.h"

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "cli/numbers.h"
#include "cli/output.h"

namespace tandem {

namespace {

constexpr double kLeastLevel = 0.05;

// The first line of a file of /sys; empty where there is none.
std::string LineOf(const std::filesystem::path& path) {
  std::string line;
  std::ifstream file(path);
  std::getline(file, line);
  return line;
}

}  // namespace

std::optional<double> BatteryLevel(const std::string& folder) {
  std::optional<double> level;
  std::error_code error;
  for (std::filesystem::directory_iterator supply(folder, error), end; !error && supply != end;
       supply.increment(error)) {
    const auto line = [&](const char* name) { return LineOf(supply->path() / name); };
    if (line("type") != "Battery" || line("scope") == "Device") continue;
    if (line("status") != "Discharging") continue;
    const auto percent = ParseInteger(line("capacity"));
    if (!percent || *percent < 0 || *percent > 100) continue;
    level = std::max(level.value_or(0), static_cast<double>(*percent) / 100);
  }
  return level;
}

Result<BatteryWord> ParseBattery(std::string_view word) {
  if (word == "auto") return BatteryWord{};
  if (word == "mains") return BatteryWord{false, std::nullopt};
  if (word.ends_with('%')) {
    const auto percent = ParseInteger(word.substr(0, word.size() - 1));
    if (percent && *percent >= 0 && *percent <= 100)
      return BatteryWord{false, static_cast<double>(*percent) / 100};
  }
  return Fail(ErrorCode::kUsage, "--battery is '{}' but must be auto, mains or a percentage like 35%",
              Printable(word));
}

double EdgeWeightOf(std::optional<double> level) {
  if (!level) return 0;
  const double held = std::clamp(*level, kLeastLevel, 1.0);
  return (1 - held) / held;
}

}  // namespace tandem
