// The secret that edge and cloud share, kept in a file so that it shows in no process list.
#pragma once

#include <string>

#include "base/result.h"
#include "cli/arguments.h"

namespace tandem {

// First line of the file, without blanks around it. kFile: unreadable, empty, longer than 4096 bytes, or with
// characters that an HTTP header cannot carry.
Result<std::string> ReadTokenFile(const std::string& path);

// The secret that --token-file names; empty without it. Errors as ReadTokenFile.
Result<std::string> TokenOf(const Arguments& arguments);

}  // namespace tandem
