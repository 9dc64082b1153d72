// "Did you mean": the known word that a mistyped one is probably a slip of.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tandem {

// "; did you mean --seed?" for the nearest candidate, if one is near enough; else empty.
std::string Suggestion(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace tandem
