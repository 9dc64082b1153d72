// See config_file.h. toml++ parses, header-only; it bounds the nesting itself.
#include "cli/config_file.h"

#define TOML_EXCEPTIONS 0
#include <toml++/impl/preprocessor.h>
// Version 3.3 asserts (and lets clang assume) of a key's first character what it checks afterwards: a file
// with "[/" would end the program. Found by fuzz/config_fuzz.cpp.
#undef TOML_ASSERT_ASSUME
#define TOML_ASSERT_ASSUME(expr) static_assert(true)
#include <toml++/toml.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <optional>

#include "cli/output.h"

namespace tandem {

namespace {

constexpr size_t kMaxWords = 2;  // of a verb: [model.random]

int LineOf(const toml::node& node) {
  return static_cast<int>(node.source().begin.line);
}

// A plain value as it would stand on a command line; nullopt for dates, tables and arrays.
std::optional<std::string> TextOf(const toml::node& node) {
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* whole = node.as_integer()) return fmt::format("{}", whole->get());
  if (const auto* number = node.as_floating_point()) return fmt::format("{}", number->get());
  if (const auto* yes = node.as_boolean()) return yes->get() ? "true" : "false";
  return std::nullopt;
}

// Walks the tables of one file.
class Reader {
 public:
  explicit Reader(const std::string& path) : file_{path, {}} {}

  Result<ConfigFile> Read(const toml::table& root) {
    if (const Status status = ReadTable(root, "", 0); !status) return Forward(status);
    return std::move(file_);
  }

 private:
  Status ReadTable(const toml::table& table, const std::string& section, size_t words) {
    for (const auto& [key, node] : table) {
      const std::string name(key.str());
      Status status;
      if (const toml::table* inner = node.as_table()) {
        if (words == kMaxWords) return Refuse(node, name, "a table inside of a verb's");
        if (name.empty()) return Refuse(node, "[\"\"]", "a section without a name");
        status = ReadTable(*inner, section.empty() ? name : section + " " + name, words + 1);
      } else {
        status = ReadValue(node, section, name);
      }
      if (!status) return status;
    }
    if (section.empty() || !table.empty()) return {};
    file_.settings.push_back({section, "", {}, false, LineOf(table)});  // so that its name is checked
    return {};
  }

  Status ReadValue(const toml::node& node, const std::string& section, const std::string& name) {
    FileSetting setting{section, name, {}, false, LineOf(node)};
    const toml::array* array = node.as_array();
    if (array != nullptr && array->empty()) return Refuse(node, name, "an empty array");
    for (size_t i = 0; i < (array == nullptr ? 1 : array->size()); ++i) {
      const toml::node& element = array == nullptr ? node : *array->get(i);
      const std::optional<std::string> text = TextOf(element);
      if (!text) return Refuse(node, name, "a value of a kind that no option takes");
      setting.values.push_back(*text);
      setting.quoted = element.is_string() && (i == 0 || setting.quoted);
    }
    file_.settings.push_back(std::move(setting));
    return {};
  }

  Status Refuse(const toml::node& node, const std::string& name, const char* what) const {
    return Fail(ErrorCode::kUsage, "{}:{}: {} is {}", file_.path, LineOf(node), Printable(name), what);
  }

  ConfigFile file_;
};

}  // namespace

Result<ConfigFile> ParseConfig(std::string_view text, const std::string& path) {
  if (text.size() > kMaxConfigBytes)
    return Fail(ErrorCode::kFile, "{} is larger than {} bytes", path, kMaxConfigBytes);
  const toml::parse_result parsed = toml::parse(text, std::string_view(path));
  if (!parsed) {
    return Fail(ErrorCode::kFile, "{}:{}: no TOML: {}", path, parsed.error().source().begin.line,
                Printable(parsed.error().description()));
  }
  return Reader(path).Read(parsed.table());
}

Result<ConfigFile> ReadConfigFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text(kMaxConfigBytes + 1, '\0');  // bounded: the file may be a device
  if (file) file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!file && !file.eof())
    return Fail(ErrorCode::kFile, "cannot read the configuration {}: {}", path, std::strerror(errno));
  text.resize(static_cast<size_t>(file.gcount()));
  return ParseConfig(text, path);
}

}  // namespace tandem
