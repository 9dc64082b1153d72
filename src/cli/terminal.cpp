// See terminal.h.
#include "cli/terminal.h"

#include <unistd.h>

#include <cstdlib>

namespace tandem {

bool IsTerminal(std::FILE* stream) {
  return isatty(fileno(stream)) == 1;
}

bool WantsColor(std::string_view when, std::FILE* stream) {
  if (when == "always") return true;
  if (when == "never") return false;
  const char* no_color = std::getenv("NO_COLOR");
  return IsTerminal(stream) && (no_color == nullptr || *no_color == '\0');
}

}  // namespace tandem
