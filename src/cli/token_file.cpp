// See token_file.h.
#include "cli/token_file.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>

namespace tandem {

namespace {

constexpr size_t kMaxTokenBytes = 4096;

std::string Trimmed(const std::string& line) {
  size_t begin = line.find_first_not_of(" \t\r");
  if (begin == std::string::npos) return "";
  return line.substr(begin, line.find_last_not_of(" \t\r") - begin + 1);
}

}  // namespace

Result<std::string> ReadTokenFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return Fail(ErrorCode::kFile, "cannot read the token file {}: {}", path, std::strerror(errno));
  std::string text(kMaxTokenBytes + 1, '\0');  // bounded: the file may be a device
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.bad())
    return Fail(ErrorCode::kFile, "cannot read the token file {}: {}", path, std::strerror(errno));
  text.resize(static_cast<size_t>(file.gcount()));
  size_t end = text.find('\n');
  if (end == std::string::npos && text.size() > kMaxTokenBytes) {
    return Fail(ErrorCode::kFile, "the token in {} is longer than {} bytes", path, kMaxTokenBytes);
  }
  std::string token = Trimmed(text.substr(0, end));
  if (token.empty()) return Fail(ErrorCode::kFile, "the token file {} has no token in its first line", path);
  bool printable = std::all_of(token.begin(), token.end(), [](char c) { return c > 0x20 && c < 0x7F; });
  if (!printable) {
    return Fail(ErrorCode::kFile, "the token in {} has characters other than printable ASCII without blanks",
                path);
  }
  return token;
}

Result<std::string> TokenOf(const Arguments& arguments) {
  if (!arguments.Given("token-file")) return std::string();
  return ReadTokenFile(arguments.Text("token-file"));
}

}  // namespace tandem
