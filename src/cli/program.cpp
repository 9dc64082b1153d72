// See program.h.
#include "cli/program.h"

#include <algorithm>
#include <exception>
#include <optional>

#include "cli/arguments.h"
#include "cli/bench_child.h"
#include "cli/output.h"

namespace tandem {

namespace {

int Run(const std::vector<std::string>& words, const Surroundings& around, bool json) {
  auto line = ParseCommandLine(words, around);
  if (!line) return Report(line.error(), json);
  if (line->verb.empty()) {
    fmt::print("{}", line->help);
    return 0;
  }
  const Arguments& arguments = line->verb.front();
  return arguments.verb().run(arguments);
}

}  // namespace

int RunProgram(const std::vector<std::string>& words) {
  const Surroundings around = SurroundingsHere();
  // As far as can be told before the words are parsed: an error in them is reported the same way.
  const auto variable = around.variables.find(VariableOf("json"));
  const bool set =
      variable != around.variables.end() && (variable->second == "true" || variable->second == "1");
  bool json = set || std::find(words.begin(), words.end(), "--json") != words.end();
  try {
    if (std::optional<int> code = RunBenchChild(words)) return *code;
    return Run(words, around, json);
  } catch (const std::bad_alloc&) {
    return Report({ErrorCode::kResource, "out of memory"}, json);
  } catch (const std::exception& error) {
    return Report({ErrorCode::kInternal, fmt::format("unexpected failure: {}", error.what())}, json);
  }
}

}  // namespace tandem
