// Which rule judges drafts: a plain value that travels with a session (wire), is named on the command line
// (cli) and carried out by sample/judge.h. docs/rules.md tells what each promises and costs.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"

namespace tandem {

// Numbers travel; none is ever used again for something else.
enum class Rule : uint8_t {
  kCoupled = 0,  // both sides run the same race with shared noise: ids only, one seed one text
  kToken = 1,    // token-wise rejection (Leviathan, Chen): the target's law
  kBlock = 2,    // block verification (Sun et al.): the target's law, accepts at least as many as kToken
};

const char* RuleName(Rule rule);                // "coupled", "token", "block"
Result<Rule> ParseRule(std::string_view name);  // kUsage for another word

// The rule judges by the draft's laws, which then travel beside the ids.
inline bool NeedsLaws(Rule rule) {
  return rule != Rule::kCoupled;
}

}  // namespace tandem
