// Numbers with units as people type them: 20ms, 10mbit, 10mbit/2mbit.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/types.h"

namespace tandem {

// A whole number, all of `text` used up.
std::optional<int64_t> ParseInteger(std::string_view text);
std::optional<uint64_t> ParseUnsigned(std::string_view text);
// A finite decimal number, all of `text` used up.
std::optional<double> ParseNumber(std::string_view text);
// A non-negative number followed by us, ms, s or m; a bare 0 needs no unit. At most one day.
std::optional<Micros> ParseDuration(std::string_view text);

// Bits per second in each direction, as the edge sees them.
struct LinkRates {
  double down = 0;
  double up = 0;
};
// A positive number followed by bit, kbit, mbit or gbit (powers of 1000, any case), from 1 kbit to 1000 gbit;
// DOWN/UP for two different ones.
std::optional<LinkRates> ParseRate(std::string_view text);

}  // namespace tandem
