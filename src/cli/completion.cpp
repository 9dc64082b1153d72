// See completion.h; and tandem completion, which prints them.
#include "cli/completion.h"

#include <algorithm>
#include <vector>

#include "cli/options.h"
#include "cli/output.h"
#include "cli/verbs.h"

namespace tandem {

namespace {

bool TakesFile(std::string_view value) {
  return value == "FILE" || value == "OUT" || value.ends_with(".gguf");
}

// "a|b" with another separator.
std::string Words(std::string_view choices, char separator = ' ') {
  std::string words(choices);
  std::replace(words.begin(), words.end(), '|', separator);
  return words;
}

bool IsChoice(std::string_view operand) {
  return operand.find('|') != std::string_view::npos;
}

struct Group {
  std::string_view name;             // "model"
  std::vector<const Verb*> verbs{};  // of two words
  const Verb* own = nullptr;         // of that one word
};

// The words that come first: each a verb of one word, or a group of verbs.
std::vector<Group> Groups() {
  std::vector<Group> groups;
  for (const Verb& verb : Verbs()) {
    const std::string_view first = verb.name.substr(0, verb.name.find(' '));
    if (groups.empty() || groups.back().name != first) groups.push_back({first});  // a group's are neighbours
    if (first != verb.name) {
      groups.back().verbs.push_back(&verb);
    } else {
      groups.back().own = &verb;
    }
  }
  return groups;
}

std::string FirstWords() {
  std::string words;
  for (const Group& group : Groups()) words += fmt::format("{} ", group.name);
  return words + "--help --version";
}

std::string SecondWord(const Verb& verb) {
  return std::string(verb.name.substr(verb.name.find(' ') + 1));
}

// In single quotes, as bash, zsh and fish all read them when no quote is inside.
std::string Quoted(std::string_view text) {
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

// ---- bash ----

std::string BashReply(const std::string& how) {
  return fmt::format("mapfile -t COMPREPLY < <(compgen {} -- \"$cur\")", how);
}

// What comes after an option that takes a value.
std::string BashValues(const Verb& verb) {
  std::string cases;
  for (const Option& option : Options()) {
    if (!(option.verbs & verb.bit) || option.kind == OptionKind::kSwitch) continue;
    std::string pattern = fmt::format("'{} --{}'", verb.name, option.name);
    if (!option.shorthand.empty()) pattern += fmt::format("|'{} -{}'", verb.name, option.shorthand);
    std::string reply = "COMPREPLY=()";
    if (option.kind == OptionKind::kChoice) reply = BashReply(fmt::format("-W '{}'", Words(option.range)));
    if (TakesFile(option.value)) reply = BashReply("-f");
    cases += fmt::format("    {}) {}; return ;;\n", pattern, reply);
  }
  return cases;
}

std::string BashOptions(const Verb& verb) {
  std::string words;
  for (const Option& option : Options()) {
    if (option.verbs & verb.bit) words += fmt::format("--{} ", option.name);
  }
  std::string text = fmt::format("    '{}')\n", verb.name);
  if (!verb.operand.empty()) {
    const std::string operand =
        BashReply(IsChoice(verb.operand) ? fmt::format("-W '{}'", Words(verb.operand)) : "-f");
    text += fmt::format("      if [[ $cur != -* ]]; then {}; return; fi\n", operand);
  }
  return text + fmt::format("      {} ;;\n", BashReply(fmt::format("-W '{}--help'", words)));
}

std::string Bash() {
  std::string groups, values, options;
  for (const Group& group : Groups()) {
    if (group.verbs.empty()) continue;
    std::string words;
    for (const Verb* verb : group.verbs) words += SecondWord(*verb) + " ";
    const std::string reply = BashReply(fmt::format("-W '{}--help'", words));
    // Behind a group that is a verb itself a dash begins its options.
    const char* form = group.own == nullptr ? "    {})\n      if ((COMP_CWORD == 2)); then {}; return; fi\n"
                                              "      verb=\"$verb ${{COMP_WORDS[2]}}\" ;;\n"
                                            : "    {})\n      if [[ ${{COMP_WORDS[2]}} != -* ]]; then\n"
                                              "        if ((COMP_CWORD == 2)); then {}; return; fi\n"
                                              "        verb=\"$verb ${{COMP_WORDS[2]}}\"\n      fi ;;\n";
    groups += fmt::format(fmt::runtime(form), group.name, reply);
  }
  for (const Verb& verb : Verbs()) {
    values += BashValues(verb);
    options += BashOptions(verb);
  }
  return fmt::format(
      "# bash completion for tandem, made by: tandem completion bash\n"
      "_tandem() {{\n"
      "  local cur=${{COMP_WORDS[COMP_CWORD]}} prev=${{COMP_WORDS[COMP_CWORD - 1]}} verb=${{COMP_WORDS[1]}}\n"
      "  if ((COMP_CWORD == 1)); then {}; return; fi\n"
      "  case $verb in\n{}  esac\n"
      "  case \"$verb $prev\" in\n{}  esac\n"
      "  case $verb in\n{}  esac\n"
      "}}\n"
      "complete -o bashdefault -o filenames -F _tandem tandem\n",
      BashReply(fmt::format("-W '{}'", FirstWords())), groups, values, options);
}

// ---- zsh ----

// A description inside of an _arguments or _describe word.
std::string ZshText(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '[' || c == ']' || c == ':' || c == '\\') escaped += '\\';
    escaped += c;
  }
  return escaped;
}

std::string ZshAction(std::string_view choices, std::string_view value) {
  if (!choices.empty()) return fmt::format("({})", Words(choices));
  return TakesFile(value) ? "_files" : "( )";
}

std::string ZshOption(const Option& option) {
  const std::string body = fmt::format("[{}]", ZshText(option.help));
  std::string value;
  if (option.kind != OptionKind::kSwitch) {
    const std::string_view choices = option.kind == OptionKind::kChoice ? option.range : "";
    value = fmt::format(":{}:{}", ZshText(option.value), ZshAction(choices, option.value));
  }
  if (option.shorthand.empty()) return Quoted(fmt::format("--{}{}{}", option.name, body, value));
  return fmt::format("{} {}", Quoted(fmt::format("-{}{}{}", option.shorthand, body, value)),
                     Quoted(fmt::format("--{}{}{}", option.name, body, value)));
}

std::string ZshVerb(const Verb& verb) {
  std::string words = "'--help[print help]'";
  for (const Option& option : Options()) {
    if (option.verbs & verb.bit) words += fmt::format(" \\\n        {}", ZshOption(option));
  }
  if (!verb.operand.empty()) {
    const std::string action = ZshAction(IsChoice(verb.operand) ? verb.operand : "", verb.operand);
    words += fmt::format(" \\\n        {}", Quoted(fmt::format("1:{}:{}", ZshText(verb.operand), action)));
  }
  return fmt::format("    '{}') _arguments {} ;;\n", verb.name, words);
}

std::string ZshDescribed(std::string_view word, std::string_view text) {
  return fmt::format(" {}", Quoted(fmt::format("{}:{}", word, ZshText(text))));
}

std::string Zsh() {
  std::string first, groups, verbs;
  for (const Group& group : Groups()) {
    if (group.verbs.empty()) {
      for (const Verb& verb : Verbs()) {
        if (verb.name == group.name) first += ZshDescribed(verb.name, verb.summary);
      }
      continue;
    }
    first += ZshDescribed(group.name, "more verbs");
    std::string second;
    for (const Verb* verb : group.verbs) second += ZshDescribed(SecondWord(*verb), verb->summary);
    const char* form =
        group.own == nullptr
            ? "    {})\n      if ((CURRENT == 3)); then words2=({} ); _describe verb words2; return; fi\n"
              "      verb=\"$verb $words[3]\"; shift words; ((CURRENT--)) ;;\n"
            : "    {})\n      if [[ $words[3] != -* ]]; then\n"
              "        if ((CURRENT == 3)); then words2=({} ); _describe verb words2; return; fi\n"
              "        verb=\"$verb $words[3]\"; shift words; ((CURRENT--))\n      fi ;;\n";
    groups += fmt::format(fmt::runtime(form), group.name, second);
  }
  for (const Verb& verb : Verbs()) verbs += ZshVerb(verb);
  return fmt::format(
      "#compdef tandem\n# zsh completion for tandem, made by: tandem completion zsh\n"
      "_tandem() {{\n"
      "  local verb=$words[2]\n  local -a words1 words2\n"
      "  if ((CURRENT == 2)); then words1=({} ); _describe verb words1; return; fi\n"
      "  case $verb in\n{}  esac\n"
      "  shift words; ((CURRENT--))\n"
      "  case $verb in\n{}  esac\n"
      "}}\n"
      "if [ \"$funcstack[1]\" = _tandem ]; then _tandem; else compdef _tandem tandem; fi\n",
      first, groups, verbs);
}

// ---- fish ----

// In single quotes of fish, where a backslash escapes.
std::string FishQuoted(std::string_view text) {
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + "'";
}

std::string FishValue(const Option& option) {
  if (option.kind == OptionKind::kSwitch) return "";
  if (option.kind == OptionKind::kChoice) return fmt::format(" -x -a {}", FishQuoted(Words(option.range)));
  return TakesFile(option.value) ? " -r -F" : " -x";
}

// Where a verb's options are offered: behind its name, but not behind that of a verb which begins like it.
std::string FishBehind(const Verb& verb) {
  std::string condition = fmt::format("__tandem_in {}", verb.name);
  for (const Verb& other : Verbs()) {
    if (other.name.starts_with(std::string(verb.name) + " "))
      condition += fmt::format("; and not __tandem_in {}", other.name);
  }
  return condition;
}

std::string FishVerb(const Verb& verb) {
  const std::string in = fmt::format("complete -c tandem -n '{}'", FishBehind(verb));
  std::string text;
  for (const Option& option : Options()) {
    if (!(option.verbs & verb.bit)) continue;
    const std::string shorthand = option.shorthand.empty() ? "" : fmt::format(" -s {}", option.shorthand);
    text += fmt::format("{} -l {}{}{} -d {}\n", in, option.name, shorthand, FishValue(option),
                        FishQuoted(option.help));
  }
  if (IsChoice(verb.operand)) text += fmt::format("{} -a {}\n", in, FishQuoted(Words(verb.operand)));
  if (verb.operand == "FILE") text += in + " -F\n";
  return text;
}

std::string Fish() {
  std::string text =
      "# fish completion for tandem, made by: tandem completion fish\n"
      "function __tandem_in\n"
      "  set -l words (commandline -opc)\n"
      "  test (count $words) -gt (count $argv); and test \"$words[2..\"(math 1 + (count $argv))\"]\" = "
      "\"$argv\"\n"
      "end\n"
      "function __tandem_at\n"
      "  set -l words (commandline -opc)\n"
      "  test \"$words[2..-1]\" = \"$argv\"\n"
      "end\n"
      "complete -c tandem -f\n";
  for (const Verb& verb : Verbs()) {
    const size_t space = verb.name.find(' ');
    const std::string group(space == std::string_view::npos ? "" : verb.name.substr(0, space));
    text += fmt::format("complete -c tandem -n '__tandem_at {}' -a {} -d {}\n", group, SecondWord(verb),
                        FishQuoted(verb.summary));
    text += FishVerb(verb);
  }
  for (const Group& group : Groups()) {
    if (!group.verbs.empty() && group.own == nullptr)
      text += fmt::format("complete -c tandem -n '__tandem_at ' -a {} -d 'more verbs'\n", group.name);
  }
  return text;
}

}  // namespace

Result<std::string> CompletionScript(std::string_view shell) {
  if (shell == "bash") return Bash();
  if (shell == "zsh") return Zsh();
  if (shell == "fish") return Fish();
  return Fail(ErrorCode::kUsage, "'{}' is none of bash, zsh, fish", Printable(shell));
}

int CompletionVerb(const Arguments& arguments) {
  const auto script = CompletionScript(arguments.operand());
  if (!script) return Report(script.error(), false);
  fmt::print("{}", *script);
  return 0;
}

}  // namespace tandem
