// tandem bench faults: what a cut link and a killed cloud cost, and whether the text is still the same.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "cli/bench_faults.h"
#include "cli/interruptible.h"
#include "cli/output.h"
#include "cli/terminal.h"
#include "cli/verbs.h"

namespace tandem {

namespace {

FaultsOptions OptionsOf(const Arguments& arguments) {
  FaultsOptions options;
  options.prompt = arguments.Text("prompt");
  options.tokens = static_cast<int32_t>(arguments.Integer("predict"));
  options.seed = arguments.Seed("seed");
  options.cut = arguments.Duration("cut-for");
  for (const int ms : {0, 30, 60}) options.round_trips.push_back(Micros(ms * 1000));
  return options;
}

nlohmann::ordered_json ToJson(const std::vector<FaultRow>& rows) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const FaultRow& row : rows)
    list.push_back({{"fault", row.fault},
                    {"rtt_ms", row.rtt_ms},
                    {"without_ms", Rounded(row.without_ms, 1)},
                    {"with_ms", Rounded(row.with_ms, 1)},
                    {"cost_ms", Rounded(row.CostMs(), 1)},
                    {"allowed_ms", row.allowed_ms},
                    {"reconnects", row.reconnects},
                    {"identical", row.identical},
                    {"kept", row.Kept()}});
  return {{"rows", std::move(list)}};
}

void Print(const std::vector<FaultRow>& rows) {
  fmt::print("{:<8}{:>8}{:>14}{:>12}{:>10}{:>12}{:>12}  {}\n", "fault", "rtt ms", "without, ms", "with, ms",
             "cost, ms", "allowed, ms", "reconnects", "text");
  for (const FaultRow& row : rows)
    fmt::print("{:<8}{:>8g}{:>14.0f}{:>12.0f}{:>10.0f}{:>12.0f}{:>12}  {}{}\n", row.fault, row.rtt_ms,
               row.without_ms, row.with_ms, row.CostMs(), row.allowed_ms, row.reconnects,
               row.identical ? "equal" : "DIFFERS", row.Kept() ? "" : "  MISSED");
}

}  // namespace

int BenchFaultsVerb(const Arguments& arguments) {
  bool identical = true;
  const auto measure = [&](const std::function<bool()>& stopped) {
    auto rows = MeasureFaults(OptionsOf(arguments), Tell, stopped);
    if (rows)
      identical = std::all_of(rows->begin(), rows->end(), [](const FaultRow& r) { return r.identical; });
    return rows;
  };
  const int code = MeasureAndPrint(arguments.Switch("json"), measure, ToJson, Print);
  return code == 0 && !identical ? ExitCode(ErrorCode::kInternal) : code;
}

}  // namespace tandem
