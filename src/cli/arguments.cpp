// See arguments.h.
#include "cli/arguments.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <optional>
#include <random>

#include "cli/help.h"
#include "cli/numbers.h"
#include "cli/suggestion.h"

namespace tandem {

namespace {

std::vector<std::string> OptionNames(const Verb& verb) {
  std::vector<std::string> names;
  for (const Option& option : Options()) {
    if (option.verbs & verb.bit) names.push_back(fmt::format("--{}", option.name));
  }
  return names;
}

// The words that may come first, or second after `group`.
std::vector<std::string> VerbWords(std::string_view group) {
  std::vector<std::string> words;
  for (const Verb& verb : Verbs()) {
    size_t space = verb.name.find(' ');
    if (group.empty()) {
      std::string_view word = verb.name.substr(0, space);
      if (words.empty() || words.back() != word) words.emplace_back(word);  // a group's verbs are neighbours
    } else if (space != std::string_view::npos && verb.name.substr(0, space) == group) {
      words.emplace_back(verb.name.substr(space + 1));
    }
  }
  return words;
}

Error UnknownWord(const Verb& verb, const std::string& word) {
  std::string message = fmt::format("tandem {} has no option {}", verb.name, word);
  if (word.starts_with("-")) {
    message += Suggestion(word.substr(0, word.find('=')), OptionNames(verb));
  } else if (verb.bit == kVerbRun) {
    message = fmt::format("unexpected argument '{}'; a prompt is given with -p '...'", word);
  } else {
    message = fmt::format("unexpected argument '{}' of tandem {}", word, verb.name);
  }
  return {ErrorCode::kUsage, std::move(message)};
}

// The values of one verb's options as CLI11 fills them in.
struct Slots {
  OptionTexts values;
  std::map<std::string, bool> switches;
  std::string operand;
};

void AddOptions(CLI::App& app, const Verb& verb, Slots& slots) {
  app.set_help_flag();  // ours: a row of the table must not clash with it, and the text is made from the
                        // table
  app.allow_extras();
  app.prefix_command(false);
  for (const Option& option : Options()) {
    if (!(option.verbs & verb.bit)) continue;
    std::string name(option.name);
    std::string flags =
        option.shorthand.empty() ? "--" + name : fmt::format("-{},--{}", option.shorthand, name);
    if (option.kind == OptionKind::kSwitch) {
      app.add_flag(flags, slots.switches[name]);
      continue;
    }
    CLI::Option* added = app.add_option(flags, slots.values[name])->allow_extra_args(false);
    if (!option.repeated) added->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  }
  if (!verb.operand.empty()) app.add_option(std::string(verb.operand), slots.operand);
}

// CLI11 words what it refuses for programmers: "--prompt: 1 required TEXT missing".
Error Translate(const CLI::ParseError& error) {
  std::string text = error.what();
  if (dynamic_cast<const CLI::ArgumentMismatch*>(&error)) {
    return {ErrorCode::kUsage, text.substr(0, text.find(':')) + " needs a value"};
  }
  std::replace(text.begin(), text.end(), '\n', ' ');
  return {ErrorCode::kUsage, text};
}

// What the command line gives, over what is set outside of it.
Result<OptionTexts> Merged(const Verb& verb, const CLI::App& app, const Slots& slots,
                           const Surroundings& around) {
  OptionTexts given;
  for (const Option& option : Options()) {
    std::string name(option.name);
    if (!(option.verbs & verb.bit) || app.get_option("--" + name)->count() == 0) continue;
    bool is_switch = option.kind == OptionKind::kSwitch;
    given[name] = is_switch ? std::vector<std::string>{""} : slots.values.at(name);
    for (const std::string& text : given[name]) {
      if (auto status = CheckValue(option, text); !status) return Forward(status);
    }
  }
  std::optional<std::string> config;
  if (auto named = given.find("config"); named != given.end()) config = named->second.back();
  auto outside = ReadSettings(verb, around, config);
  if (!outside) return Forward(outside);
  given.merge(*outside);
  return given;
}

Result<Arguments> Checked(const Verb& verb, const CLI::App& app, const Slots& slots,
                          const Surroundings& around) {
  if (auto extras = app.remaining(); !extras.empty())
    return tl::unexpected(UnknownWord(verb, extras.front()));
  auto given = Merged(verb, app, slots, around);
  if (!given) return Forward(given);
  for (const Option& option : Options()) {
    if ((option.verbs & verb.bit) && option.required && !given->count(std::string(option.name)))
      return Fail(ErrorCode::kUsage, "tandem {} needs --{} {}", verb.name, option.name, option.value);
  }
  if (!verb.operand.empty() && slots.operand.empty()) {
    return Fail(ErrorCode::kUsage, "tandem {} needs a {}", verb.name, verb.operand);
  }
  return Arguments(verb, std::move(*given), slots.operand);
}

Result<Arguments> ParseVerb(const Verb& verb, std::vector<std::string> words, const Surroundings& around) {
  CLI::App app;
  Slots slots;
  AddOptions(app, verb, slots);
  std::reverse(words.begin(), words.end());  // CLI11 takes them from the back
  try {
    app.parse(words);
  } catch (const CLI::ParseError& error) {
    return tl::unexpected(Translate(error));
  }
  return Checked(verb, app, slots, around);
}

bool AsksForHelp(const std::vector<std::string>& words, size_t from) {
  return std::any_of(words.begin() + static_cast<std::ptrdiff_t>(std::min(from, words.size())), words.end(),
                     [](const std::string& word) { return word == "--help" || word == "-h"; });
}

const Verb* FindVerb(std::string_view name) {
  for (const Verb& verb : Verbs()) {
    if (verb.name == name) return &verb;
  }
  return nullptr;
}

Error UnknownVerb(const std::vector<std::string>& words, size_t at, std::string_view group) {
  std::string prefix = group.empty() ? "tandem" : fmt::format("tandem {}", group);
  if (at >= words.size()) {
    return {ErrorCode::kUsage, fmt::format("{} needs a verb: {}", prefix, fmt::join(VerbWords(group), ", "))};
  }
  return {ErrorCode::kUsage,
          fmt::format("{} has no verb '{}'{}", prefix, words[at], Suggestion(words[at], VerbWords(group)))};
}

}  // namespace

Result<CommandLine> ParseCommandLine(const std::vector<std::string>& words, const Surroundings& around) {
  CommandLine line;
  if (words.empty()) return tl::unexpected(UnknownVerb(words, 0, ""));
  if (words[0] == "--help" || words[0] == "-h" || words[0] == "help") return CommandLine{{}, ProgramHelp()};
  std::string name = words[0] == "--version" ? "version" : words[0];
  size_t used = 1;
  if (!name.empty() && !VerbWords(name).empty()) {  // a group: model, bench
    if (words.size() == 2 && AsksForHelp(words, 1)) return CommandLine{{}, GroupHelp(name)};
    // A group may be a verb itself: then options follow it, or nothing.
    const bool itself = FindVerb(name) && (words.size() < 2 || words[1].starts_with("-"));
    if (!itself && (words.size() < 2 || !FindVerb(name + " " + words[1])))
      return tl::unexpected(UnknownVerb(words, 1, name));
    if (!itself) name += " " + words[1];
    used = itself ? 1 : 2;
  }
  const Verb* verb = FindVerb(name);
  if (!verb) return tl::unexpected(UnknownVerb(words, 0, ""));
  if (AsksForHelp(words, used)) return CommandLine{{}, VerbHelp(*verb)};
  auto arguments = ParseVerb(*verb, {words.begin() + static_cast<std::ptrdiff_t>(used), words.end()}, around);
  if (!arguments) return Forward(arguments);
  line.verb.push_back(std::move(*arguments));
  return line;
}

std::string Arguments::Text(std::string_view name) const {
  auto found = given_.find(std::string(name));
  if (found != given_.end()) return found->second.back();
  const Option* option = FindOption(verb_->bit, name);
  return option ? std::string(option->fallback) : "";
}

std::vector<std::string> Arguments::Texts(std::string_view name) const {
  auto found = given_.find(std::string(name));
  return found == given_.end() ? std::vector<std::string>{} : found->second;
}

int64_t Arguments::Integer(std::string_view name) const {
  return ParseInteger(Text(name)).value_or(0);
}

double Arguments::Number(std::string_view name) const {
  return ParseNumber(Text(name)).value_or(0);
}

Micros Arguments::Duration(std::string_view name) const {
  return ParseDuration(Text(name)).value_or(Micros{0});
}

LinkRates Arguments::Rate(std::string_view name) const {
  return ParseRates(Text(name)).value_or(LinkRates{});
}

double Arguments::Loss(std::string_view name) const {
  return ParseLoss(Text(name)).value_or(0);
}

uint64_t Arguments::Seed(std::string_view name) const {
  if (auto seed = ParseUnsigned(Text(name))) return *seed;
  std::random_device device;  // 32 bits: short enough to type again
  return device();
}

}  // namespace tandem
