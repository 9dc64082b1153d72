// tandem version
#include "cli/version.h"

#include <ggml.h>

#include <nlohmann/json.hpp>

#include "cli/output.h"
#include "cli/verbs.h"
#include "wire/frame.h"

namespace tandem {

std::string SoftwareName() {
  return fmt::format("tandem {}", kProgramVersion);
}

int VersionVerb(const Arguments& arguments) {
  if (arguments.Switch("json")) {
    PrintJson({{"version", kProgramVersion}, {"protocol", kProtocolVersion}, {"ggml", ggml_version()}});
  } else {
    fmt::print("{} (protocol {}, ggml {})\n", SoftwareName(), kProtocolVersion, ggml_version());
  }
  return 0;
}

}  // namespace tandem
