// Values of options that come from outside of the command line: variables and a configuration file. Variables
// go before the file, in the file a verb's section before the top level.
//
// --temp is TANDEM_TEMP, --top-k TANDEM_TOP_K. An empty variable counts as absent; that of a repeated option
// holds values between blanks. TANDEM_ variables that are
// no option's are left alone: TANDEM_MODELS and others have a meaning of their own, and orchestrators set
// some for services of that name.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "cli/options.h"

namespace tandem {

// What a process finds around it.
struct Surroundings {
  std::map<std::string, std::string> variables{};  // those that begin with TANDEM_
  std::string user_config{};  // read if it exists and nothing else names a file; empty: none
};

// This process's: its environment, and tandem/config.toml in $XDG_CONFIG_HOME or ~/.config.
Surroundings SurroundingsHere();

// "TANDEM_TOP_K" for "top-k".
std::string VariableOf(std::string_view option);

// Whether any verb has an option that this variable sets.
bool SetsAnOption(std::string_view variable);

// Values by name of the option; a switch that is on has one, "".
using OptionTexts = std::map<std::string, std::vector<std::string>>;

// The options of `verb` that are set outside of the command line, checked. config: what --config says, if it
// was given; empty text reads no file.
//
// The whole file is checked for names that no verb has. kUsage, with file and line or the variable, for an
// unknown name and a value that its option does not take; kFile as ReadConfigFile.
Result<OptionTexts> ReadSettings(const Verb& verb, const Surroundings& around,
                                 const std::optional<std::string>& config);

}  // namespace tandem
