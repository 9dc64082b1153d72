#include "cli/units.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <span>
#include <string>

namespace tandem {

namespace {

template <class T>
std::optional<T> ParseWhole(std::string_view text) {
  T value{};
  const char* end = text.data() + text.size();
  auto [rest, error] = std::from_chars(text.data(), end, value);
  if (text.empty() || error != std::errc() || rest != end) return std::nullopt;
  return value;
}

struct Unit {
  std::string_view name;
  double factor;
};

// The number before a known unit, times that unit's factor.
std::optional<double> ParseWithUnit(std::string_view text, std::span<const Unit> units) {
  size_t digits = std::min(text.find_first_not_of("0123456789."), text.size());
  auto number = ParseNumber(text.substr(0, digits));
  if (!number) return std::nullopt;
  std::string name(text.substr(digits));
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
  for (const Unit& unit : units) {
    if (unit.name == name) return *number * unit.factor;
  }
  return std::nullopt;
}

std::optional<double> ParseOneRate(std::string_view text) {
  static constexpr std::array kUnits = {Unit{"bit", 1}, Unit{"kbit", 1e3}, Unit{"mbit", 1e6},
                                        Unit{"gbit", 1e9}};
  auto rate = ParseWithUnit(text, kUnits);
  if (!rate || *rate < 1e3 || *rate > 1e12) return std::nullopt;
  return rate;
}

}  // namespace

std::optional<int64_t> ParseInteger(std::string_view text) {
  return ParseWhole<int64_t>(text);
}

std::optional<uint64_t> ParseUnsigned(std::string_view text) {
  return ParseWhole<uint64_t>(text);
}

std::optional<double> ParseNumber(std::string_view text) {
  auto value = ParseWhole<double>(text);
  return value && std::isfinite(*value) ? value : std::nullopt;
}

std::optional<Micros> ParseDuration(std::string_view text) {
  static constexpr std::array kUnits = {Unit{"us", 1}, Unit{"ms", 1e3}, Unit{"s", 1e6}, Unit{"m", 60e6}};
  constexpr double kDay = 86400e6;
  if (text == "0") return Micros{0};
  auto micros = ParseWithUnit(text, kUnits);
  if (!micros || *micros > kDay) return std::nullopt;
  return Micros{static_cast<int64_t>(std::llround(*micros))};
}

std::optional<LinkRates> ParseRate(std::string_view text) {
  size_t slash = text.find('/');
  auto down = ParseOneRate(text.substr(0, slash));
  auto up = slash == std::string_view::npos ? down : ParseOneRate(text.substr(slash + 1));
  if (!down || !up) return std::nullopt;
  return LinkRates{*down, *up};
}

}  // namespace tandem
