// tandem bench engine: speed against libllama.
#include <nlohmann/json.hpp>

#include "cli/bench_engine.h"
#include "cli/model_path.h"
#include "cli/output.h"
#include "cli/terminal.h"
#include "cli/verbs.h"

namespace tandem {

namespace {

BenchOptions OptionsOf(const Arguments& arguments, std::string model) {
  BenchOptions options;
  options.model = std::move(model);
  options.rounds = static_cast<int>(arguments.Integer("rounds"));
  for (BenchMetric metric : {BenchMetric::kPrefill, BenchMetric::kDecode, BenchMetric::kDecodeBusy,
                             BenchMetric::kPerplexity, BenchMetric::kLoadMs, BenchMetric::kPeakRssMb}) {
    if (arguments.Text("metric") == BenchMetricName(metric)) options.metrics.push_back(metric);
  }
  return options;
}

nlohmann::ordered_json RowJson(const BenchRow& row) {
  return {{"model", row.model},
          {"metric", BenchMetricName(row.metric)},
          {"mode", row.mode},
          {"threads", row.threads},
          {"tandem", Rounded(row.tandem, 3)},
          {"llama", Rounded(row.llama, 3)},
          {"ratio", Rounded(row.ratio, 4)}};
}

void PrintTable(const std::vector<BenchRow>& rows) {
  fmt::print("{:<32}{:<13}{:<7}{:>8}{:>12}{:>12}{:>8}\n", "model", "metric", "mode", "threads", "tandem",
             "llama", "ratio");
  for (const BenchRow& row : rows) {
    fmt::print("{:<32}{:<13}{:<7}{:>8}{:>12.2f}{:>12.2f}{:>8.3f}\n", row.model, BenchMetricName(row.metric),
               row.mode, row.threads, row.tandem, row.llama, row.ratio);
  }
}

}  // namespace

int BenchEngineVerb(const Arguments& arguments) {
  bool json = arguments.Switch("json");
  auto path = FindModel(arguments.Text("model"));
  if (!path) return Report(path.error(), json);
  bool live = IsTerminal(stderr);
  auto rows = BenchEngine(OptionsOf(arguments, *path), [live](std::string_view line) {
    if (live) Tell(std::string(line));
  });
  if (!rows) return Report(rows.error(), json);
  if (!json) {
    PrintTable(*rows);
    return 0;
  }
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const BenchRow& row : *rows) list.push_back(RowJson(row));
  PrintJson({{"rows", std::move(list)}});
  return 0;
}

}  // namespace tandem
