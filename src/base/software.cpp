// See software.h.
#include "base/software.h"

#include <fmt/format.h>

namespace tandem {

std::string SoftwareName() {
  return fmt::format("tandem {}", kProgramVersion);
}

}  // namespace tandem
