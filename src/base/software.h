// Which Tandem this is.
#pragma once

#include <string>

namespace tandem {

inline constexpr const char* kProgramVersion = "0.1.0";  // as in the top CMakeLists.txt; a test compares them

std::string SoftwareName();  // "tandem 0.1.0", as peers are told

}  // namespace tandem
