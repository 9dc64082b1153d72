// The program from its words to its exit code.
#pragma once

#include <string>
#include <vector>

namespace tandem {

// Runs the verb that `words` (without the program's name) ask for. Never throws.
int RunProgram(const std::vector<std::string>& words);

}  // namespace tandem
