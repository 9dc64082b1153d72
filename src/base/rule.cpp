// Names of the rules.
#include "base/rule.h"

namespace tandem {
namespace {

constexpr Rule kRules[] = {Rule::kCoupled, Rule::kToken, Rule::kBlock};

}  // namespace

const char* RuleName(Rule rule) {
  switch (rule) {
    case Rule::kToken:
      return "token";
    case Rule::kBlock:
      return "block";
    case Rule::kCoupled:
      break;
  }
  return "coupled";
}

Result<Rule> ParseRule(std::string_view name) {
  for (const Rule rule : kRules) {
    if (name == RuleName(rule)) return rule;
  }
  return Fail(ErrorCode::kUsage, "'{}' is no rule: coupled, token and block are", name);
}

}  // namespace tandem
