// tandem version

#include <ggml.h>

#include <nlohmann/json.hpp>

#include "base/software.h"
#include "cli/output.h"
#include "cli/verbs.h"
#include "wire/frame.h"

namespace tandem {

int VersionVerb(const Arguments& arguments) {
  if (arguments.Switch("json")) {
    PrintJson({{"version", kProgramVersion}, {"protocol", kProtocolVersion}, {"ggml", ggml_version()}});
  } else {
    fmt::print("{} (protocol {}, ggml {})\n", SoftwareName(), kProtocolVersion, ggml_version());
  }
  return 0;
}

}  // namespace tandem
