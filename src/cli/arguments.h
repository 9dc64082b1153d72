// A command line, parsed and checked against the table of options, with what variables and a configuration
// file say where it is silent (settings.h).
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "cli/options.h"
#include "cli/settings.h"
#include "wire/link_shape.h"

namespace tandem {

// The values one verb was given. The getters take names that the verb's rows have and return the option's
// default when it is absent (0 or "" without one); values were checked, so getters cannot fail.
class Arguments {
 public:
  Arguments(const Verb& verb, OptionTexts given, std::string operand)
      : verb_(&verb), given_(std::move(given)), operand_(std::move(operand)) {}

  const Verb& verb() const { return *verb_; }
  const std::string& operand() const { return operand_; }  // the positional argument
  // On the command line, by a variable or by a file.
  bool Given(std::string_view name) const { return given_.count(std::string(name)) > 0; }

  bool Switch(std::string_view name) const { return Given(name); }
  std::string Text(std::string_view name) const;
  std::vector<std::string> Texts(std::string_view name) const;  // of a repeated option; none when absent
  int64_t Integer(std::string_view name) const;
  double Number(std::string_view name) const;
  Micros Duration(std::string_view name) const;
  LinkRates Rate(std::string_view name) const;
  double Loss(std::string_view name) const;
  uint64_t Seed(std::string_view name) const;  // "random": a new one at each call

 private:
  const Verb* verb_;
  OptionTexts given_;
  std::string operand_;
};

// What a command line asks for: a verb to run, or words to print (--help).
struct CommandLine {
  std::vector<Arguments> verb;  // one or none
  std::string help;             // when there is no verb
};

// `words` without the program's name. kUsage, in one sentence, for anything the table does not have; what
// `around` says: errors as ReadSettings.
Result<CommandLine> ParseCommandLine(const std::vector<std::string>& words, const Surroundings& around = {});

}  // namespace tandem
