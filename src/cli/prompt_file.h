// A file of prompts, one a line.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace tandem {

// The first `most` lines that are not empty. kFile when there is none.
Result<std::vector<std::string>> ReadPrompts(const std::string& path, size_t most);

}  // namespace tandem
