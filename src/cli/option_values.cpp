// Which values an option takes; see options.h, whose CheckValue is here.
#include <string>

#include "cli/numbers.h"
#include "cli/options.h"
#include "cli/output.h"
#include "wire/link_shape.h"

namespace tandem {

namespace {

using K = OptionKind;

bool InRange(const Option& option, double value) {
  return value >= option.low && value <= option.high;
}

bool IsChoice(std::string_view words, std::string_view text) {
  for (;;) {
    size_t bar = words.find('|');
    if (words.substr(0, bar) == text) return true;
    if (bar == std::string_view::npos) return false;
    words.remove_prefix(bar + 1);
  }
}

bool IsValue(const Option& option, std::string_view text) {
  switch (option.kind) {
    case K::kSwitch:
    case K::kText:
      return true;
    case K::kInteger: {
      auto value = ParseInteger(text);
      return value && InRange(option, static_cast<double>(*value));
    }
    case K::kNumber: {
      auto value = ParseNumber(text);
      return value && InRange(option, *value);
    }
    case K::kSeed:
      return text == "random" || ParseUnsigned(text).has_value();
    case K::kDuration: {
      auto value = ParseDuration(text);
      return value && InRange(option, ToMs(*value) / 1000.0);
    }
    case K::kRate:
      return ParseRates(text).has_value();
    case K::kLoss:
      return ParseLoss(text).has_value();
    case K::kChoice:
      return IsChoice(option.range, text);
  }
  return false;
}

std::string Wanted(const Option& option) {
  switch (option.kind) {
    case K::kInteger:
      return fmt::format("a whole number, {}", option.range);
    case K::kNumber:
      return fmt::format("a number, {}", option.range);
    case K::kDuration:
      return fmt::format("a time, {}", option.range);
    case K::kRate:
      return fmt::format("a rate, {}", option.range);
    case K::kLoss:
      return fmt::format("a part, {}", option.range);
    case K::kChoice: {
      std::string words(option.range);
      for (size_t i = words.find('|'); i != std::string::npos; i = words.find('|', i))
        words.replace(i, 1, ", ");
      return "one of " + words;
    }
    default:
      return std::string(option.range);
  }
}

}  // namespace

Status CheckValue(const Option& option, std::string_view text, std::string_view called) {
  if (IsValue(option, text)) return {};
  const std::string name = called.empty() ? fmt::format("--{}", option.name) : std::string(called);
  return Fail(ErrorCode::kUsage, "{} is '{}' but must be {}", name, Printable(text), Wanted(option));
}

}  // namespace tandem
