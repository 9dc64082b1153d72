// The text of --help, made from the table of options.
#pragma once

#include <string>
#include <string_view>

#include "cli/options.h"

namespace tandem {

std::string ProgramHelp();  // all verbs
std::string GroupHelp(
    std::string_view first_word);  // the verbs of `model` or `bench`, and the group's own options
std::string VerbHelp(const Verb& verb);

}  // namespace tandem
