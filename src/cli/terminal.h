// The terminal: whether there is one, and colours.
#pragma once

#include <cstdio>
#include <string_view>

namespace tandem {

bool IsTerminal(std::FILE* stream);

// `when` is auto, always or never; auto means a terminal whose user has not set NO_COLOR
// (https://no-color.org).
bool WantsColor(std::string_view when, std::FILE* stream);

// SGR sequences. Three that differ on dark and light grounds and for most colour-blind eyes.
inline constexpr std::string_view kGreen = "\x1b[32m";
inline constexpr std::string_view kMagenta = "\x1b[35m";
inline constexpr std::string_view kCyan = "\x1b[36m";
inline constexpr std::string_view kPlain = "\x1b[0m";

}  // namespace tandem
