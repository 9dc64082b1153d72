// A configuration file in TOML (https://toml.io, 1.0): settings by verb, as text, each with the line it
// stands in. Which options there are is not known here: settings.h checks names and values against the table.
//
//   temp = 0.7                         # for every verb that has the option
//   [run]
//   cloud = "ws://10.0.0.2:8765"       # for run alone
//   [model.random]                     # verbs of two words
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace tandem {

struct FileSetting {
  std::string section;              // "run", "model random"; empty at the top level
  std::string name;                 // of the option, as written
  std::vector<std::string> values;  // one, or those of an array; none: all there is of a section is its name
  bool quoted = false;              // strings, not numbers or booleans
  int line = 0;                     // from 1
};

struct ConfigFile {
  std::string path;
  std::vector<FileSetting> settings;  // in no particular order
};

constexpr size_t kMaxConfigBytes = 64u << 10;

// kFile, with path and line: unreadable, larger than kMaxConfigBytes, or no TOML. kUsage: a value that no
// option can have (a date, a table too deep).
Result<ConfigFile> ReadConfigFile(const std::string& path);
Result<ConfigFile> ParseConfig(std::string_view text, const std::string& path);

}  // namespace tandem
