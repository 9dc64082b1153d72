// Completion scripts for shells, made from the table of options.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace tandem {

// shell: bash, zsh or fish; kUsage otherwise. The script completes verbs, options, words that an option can
// take, and file names where it takes a file.
Result<std::string> CompletionScript(std::string_view shell);

}  // namespace tandem
