// Numbers as people type them: all of the text or nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace tandem {

std::optional<int64_t> ParseInteger(std::string_view text);
std::optional<uint64_t> ParseUnsigned(std::string_view text);
std::optional<double> ParseNumber(std::string_view text);  // finite

}  // namespace tandem
