// See output.h.
#include "cli/output.h"

#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>

namespace tandem {

void Tell(const std::string& line) {
  fmt::print(stderr, "tandem: {}\n", line);
}

std::string Printable(std::string_view text) {
  constexpr size_t kMost = 80;
  std::string shown(text.substr(0, kMost));
  for (char& c : shown) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = '?';
  }
  return text.size() > kMost ? shown + "..." : shown;
}

std::string JsonText(const nlohmann::ordered_json& object) {
  return object.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

void PrintJson(const nlohmann::ordered_json& object) {
  fmt::print("{}\n", JsonText(object));
  std::fflush(stdout);
}

nlohmann::ordered_json ErrorJson(const Error& error) {
  return {{"code", ErrorName(error.code)}, {"message", error.message}};
}

int Report(const Error& error, bool json) {
  Tell(error.message);
  if (json) PrintJson({{"error", ErrorJson(error)}});
  return ExitCode(error.code);
}

double Rounded(double value, int places) {
  double scale = std::pow(10.0, places);
  return std::round(value * scale) / scale;
}

}  // namespace tandem
