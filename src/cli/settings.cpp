// See settings.h.
#include "cli/settings.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <sstream>

#include "cli/config_file.h"
#include "cli/output.h"
#include "cli/suggestion.h"

namespace tandem {

namespace {

constexpr std::string_view kPrefix = "TANDEM_";
constexpr std::string_view kConfig = "config";

const Verb* VerbCalled(std::string_view name) {
  for (const Verb& verb : Verbs()) {
    if (verb.name == name) return &verb;
  }
  return nullptr;
}

// Names of a verb's options, or of all.
std::vector<std::string> NamesOf(VerbSet verbs) {
  std::vector<std::string> names;
  for (const Option& option : Options()) {
    if (option.verbs & verbs) names.emplace_back(option.name);
  }
  return names;
}

// By its long name alone: a file has no shorthands.
const Option* OptionCalled(VerbSet verbs, std::string_view name) {
  const Option* option = FindOption(verbs, name);
  return option != nullptr && option->name == name && name != kConfig ? option : nullptr;
}

Result<std::optional<std::vector<std::string>>> SwitchValue(const std::vector<std::string>& texts,
                                                            const std::string& called) {
  const std::string& text = texts.back();
  if (text == "true" || text == "1") return std::vector<std::string>{""};
  if (text == "false" || text == "0") return std::nullopt;
  return Fail(ErrorCode::kUsage, "{} is '{}' but must be true or false", called, Printable(text));
}

// nullopt: a switch that is off.
Result<std::optional<std::vector<std::string>>> ValueOf(const Option& option,
                                                        const std::vector<std::string>& texts,
                                                        const std::string& called) {
  if (texts.size() > 1 && !option.repeated)
    return Fail(ErrorCode::kUsage, "{} takes one value, not {}", called, texts.size());
  if (option.kind == OptionKind::kSwitch) return SwitchValue(texts, called);
  for (const std::string& text : texts) {
    if (const Status status = CheckValue(option, text, called); !status) return Forward(status);
  }
  return texts;
}

std::string VerbsAsSections() {
  std::string text;
  for (const Verb& verb : Verbs()) {
    std::string name(verb.name);
    std::replace(name.begin(), name.end(), ' ', '.');
    text += fmt::format("{}{}", text.empty() ? "" : ", ", name);
  }
  return text;
}

// One file's settings for one verb.
class FileReader {
 public:
  FileReader(const Verb& verb, const ConfigFile& file) : verb_(verb), file_(file) {}

  Result<OptionTexts> Read() {
    for (const bool of_section : {false, true}) {  // the section's replace the top level's
      for (const FileSetting& setting : file_.settings) {
        if (setting.section.empty() == of_section) continue;
        if (const Status status = Take(setting); !status) return Forward(status);
      }
    }
    return std::move(values_);
  }

 private:
  Status Take(const FileSetting& setting) {
    const Verb* section = setting.section.empty() ? &verb_ : VerbCalled(setting.section);
    const std::string place = fmt::format("{}:{}", file_.path, setting.line);
    if (section == nullptr) {
      return Fail(ErrorCode::kUsage, "{}: no verb is called '{}'; sections are {}", place,
                  Printable(setting.section), VerbsAsSections());
    }
    if (setting.values.empty()) return {};  // an empty section
    const VerbSet known = setting.section.empty() ? kVerbAll : section->bit;
    if (OptionCalled(known, setting.name) == nullptr) return Unknown(setting, place, known);
    const Option* option = OptionCalled(section->bit, setting.name);
    return option == nullptr ? Status{} : Take(setting, *option, place, section == &verb_);
  }

  Status Take(const FileSetting& setting, const Option& option, const std::string& place, bool ours) {
    const std::string called = fmt::format("{}: {}", place, setting.name);
    if (option.kind == OptionKind::kText && !setting.quoted)
      return Fail(ErrorCode::kUsage, "{} must be a text in quotes", called);
    auto value = ValueOf(option, setting.values, called);
    if (!value) return Forward(value);
    if (!ours) return {};
    values_.erase(setting.name);
    if (*value) values_.emplace(setting.name, std::move(**value));
    return {};
  }

  static Status Unknown(const FileSetting& setting, const std::string& place, VerbSet known) {
    const std::string name = Printable(setting.name);
    const std::string suggestion = Suggestion(name, NamesOf(known));
    if (setting.section.empty())
      return Fail(ErrorCode::kUsage, "{}: no option is called '{}'{}", place, name, suggestion);
    return Fail(ErrorCode::kUsage, "{}: tandem {} has no option '{}'{}", place, setting.section, name,
                suggestion);
  }

  const Verb& verb_;
  const ConfigFile& file_;
  OptionTexts values_;
};

std::optional<std::string> Variable(const Surroundings& around, std::string_view option) {
  const auto found = around.variables.find(VariableOf(option));
  if (found == around.variables.end()) return std::nullopt;
  return found->second;
}

// A repeated option's values stand between blanks.
std::vector<std::string> TextsOf(const Option& option, const std::string& text) {
  if (!option.repeated) return {text};
  std::vector<std::string> texts;
  std::istringstream words(text);
  for (std::string word; words >> word;) texts.push_back(word);
  return texts.empty() ? std::vector<std::string>{text} : texts;
}

// Empty: no file is read.
std::string ConfigPath(const Surroundings& around, const std::optional<std::string>& config) {
  if (config) return *config;
  if (const auto named = Variable(around, kConfig)) return *named;
  std::error_code ignored;
  return std::filesystem::exists(around.user_config, ignored) ? around.user_config : "";
}

}  // namespace

Surroundings SurroundingsHere() {
  Surroundings around;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const size_t sign = text.find('=');
    if (sign != std::string_view::npos && text.starts_with(kPrefix))
      around.variables.emplace(text.substr(0, sign), text.substr(sign + 1));
  }
  const auto folder = [](const char* name) -> std::string {
    const char* value = std::getenv(name);
    return value == nullptr ? "" : value;
  };
  if (const std::string config = folder("XDG_CONFIG_HOME"); !config.empty())
    around.user_config = config + "/tandem/config.toml";
  else if (const std::string home = folder("HOME"); !home.empty())
    around.user_config = home + "/.config/tandem/config.toml";
  return around;
}

std::string VariableOf(std::string_view option) {
  std::string name(kPrefix);
  for (const char c : option) name += c == '-' ? '_' : c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  return name;
}

bool SetsAnOption(std::string_view variable) {
  return std::any_of(Options().begin(), Options().end(),
                     [&](const Option& option) { return VariableOf(option.name) == variable; });
}

Result<OptionTexts> ReadSettings(const Verb& verb, const Surroundings& around,
                                 const std::optional<std::string>& config) {
  OptionTexts values;
  const bool reads_files = FindOption(verb.bit, kConfig) != nullptr;
  if (const std::string path = reads_files ? ConfigPath(around, config) : ""; !path.empty()) {
    const auto file = ReadConfigFile(path);
    if (!file) return Forward(file);
    auto from_file = FileReader(verb, *file).Read();
    if (!from_file) return Forward(from_file);
    values = std::move(*from_file);
  }
  for (const Option& option : Options()) {
    if (!(option.verbs & verb.bit) || option.name == kConfig) continue;
    const auto text = Variable(around, option.name);
    if (!text || text->empty()) continue;
    auto value = ValueOf(option, TextsOf(option, *text), VariableOf(option.name));
    if (!value) return Forward(value);
    values.erase(std::string(option.name));
    if (*value) values.emplace(option.name, std::move(**value));
  }
  return values;
}

}  // namespace tandem
