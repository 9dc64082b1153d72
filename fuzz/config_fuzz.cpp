// Configuration files: whatever stands in one, parsing it ends with settings that each have a value or
// stand for an empty section, or with a sentence fit to print.
#include <algorithm>
#include <cstdlib>

#include "cli/config_file.h"

namespace tandem {
namespace {

void Expect(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const Result<ConfigFile> file = ParseConfig(text, "config.toml");
  if (!file) {
    const std::string& said = file.error().message;
    Expect(!said.empty() && said.size() < 300);
    Expect(
        std::none_of(said.begin(), said.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; }));
    return 0;
  }
  for (const FileSetting& setting : file->settings) {
    Expect(setting.line >= 1);
    Expect(!setting.values.empty() || !setting.section.empty());
  }
  return 0;
}

}  // namespace tandem
