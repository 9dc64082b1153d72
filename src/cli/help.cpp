// See help.h.
#include "cli/help.h"

#include <fmt/format.h>

#include <algorithm>

namespace tandem {

namespace {

std::string Left(const Option& option) {
  std::string text = option.shorthand.empty() ? "    " : fmt::format("-{}, ", option.shorthand);
  text += fmt::format("--{}", option.name);
  std::string_view value = option.kind == OptionKind::kChoice ? option.range : option.value;
  return value.empty() ? text : fmt::format("{} {}", text, value);
}

std::string Right(const Option& option) {
  std::string text(option.help);
  bool number = option.kind == OptionKind::kInteger || option.kind == OptionKind::kNumber;
  if (number) text += fmt::format(" ({})", option.range);
  if (option.repeated) text += " (may be repeated)";
  if (option.required) text += " (required)";
  if (!option.fallback.empty()) text += fmt::format(" [{}]", option.fallback);
  return text;
}

std::string VerbLines(std::string_view first_word) {
  std::string text;
  for (const Verb& verb : Verbs()) {
    if (!first_word.empty() && !verb.name.starts_with(first_word)) continue;
    std::string name = fmt::format("{} {}", verb.name, verb.operand);
    text += fmt::format("  {:<25} {}\n", name, verb.summary);
  }
  return text;
}

}  // namespace

std::string ProgramHelp() {
  return fmt::format(
      "tandem: a small model here and a large one in the cloud write one text\n\n"
      "usage: tandem VERB [options]\n\n{}\n`tandem VERB --help` lists a verb's options.\n",
      VerbLines(""));
}

std::string GroupHelp(std::string_view first_word) {
  const auto own =
      std::find_if(Verbs().begin(), Verbs().end(), [&](const Verb& verb) { return verb.name == first_word; });
  const std::string list =
      fmt::format("usage: tandem {} VERB [options]\n\n{}", first_word, VerbLines(first_word));
  return own == Verbs().end() ? list : fmt::format("{}\n{}", VerbHelp(*own), list);
}

std::string VerbHelp(const Verb& verb) {
  std::string operand = verb.operand.empty() ? "" : fmt::format(" {}", verb.operand);
  std::string text = fmt::format("{}\n\nusage: tandem {}{} [options]\n\n", verb.summary, verb.name, operand);
  size_t width = 0;
  for (const Option& option : Options()) {
    if (option.verbs & verb.bit) width = std::max(width, Left(option).size());
  }
  for (const Option& option : Options()) {
    if (option.verbs & verb.bit) text += fmt::format("  {:<{}}  {}\n", Left(option), width, Right(option));
  }
  text += fmt::format("  {:<{}}  {}\n", "-h, --help", width, "print this");
  if (FindOption(verb.bit, "config") == nullptr) return text;
  return text + "\nA variable sets an option as well: TANDEM_TOP_K is --top-k.\n";
}

}  // namespace tandem
