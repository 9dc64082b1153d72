// tandem bench doubt: what is known of a draft before it is judged, and what that is worth.
#include <nlohmann/json.hpp>

#include "cli/bench_doubt.h"
#include "cli/interruptible.h"
#include "cli/model_path.h"
#include "cli/output.h"
#include "cli/prompt_file.h"
#include "cli/terminal.h"
#include "cli/verbs.h"

namespace tandem {

namespace {

Result<DoubtOptions> OptionsOf(const Arguments& arguments) {
  auto target = FindModel(arguments.Text("model")), draft = FindModel(arguments.Text("draft-model"));
  if (!target) return Forward(target);
  if (!draft) return Forward(draft);
  auto prompts = ReadPrompts(arguments.Text("prompts"), static_cast<size_t>(arguments.Integer("count")));
  if (!prompts) return Forward(prompts);
  DoubtOptions options;
  options.target = std::move(*target);
  options.draft = std::move(*draft);
  options.prompts = std::move(*prompts);
  options.tokens = static_cast<int>(arguments.Integer("predict"));
  options.seed = arguments.Seed("seed");
  if (arguments.Given("threads")) options.threads = static_cast<int>(arguments.Integer("threads"));
  return options;
}

nlohmann::ordered_json RowJson(const DoubtRow& row) {
  const auto auto_json = [](const SimulatedFigures& figures) -> nlohmann::ordered_json {
    return {{"ms_per_token", Rounded(figures.ms_per_token, 3)},
            {"predicted_ms_per_token", Rounded(figures.predicted_ms_per_token, 3)},
            {"uplink_bytes_per_token", Rounded(figures.uplink_bytes_per_token, 2)},
            {"sent_per_token", Rounded(figures.sent_per_token, 3)},
            {"stale_per_token", Rounded(figures.stale_per_token, 3)}};
  };
  return {{"temperature", Rounded(row.temperature, 3)},
          {"clients", row.clients},
          {"rtt_ms", ToMs(row.rtt)},
          {"best", ContenderName(row.best)},
          {"best_ms_per_token", Rounded(row.best_ms, 3)},
          {"hidden", auto_json(row.hidden)},
          {"known", auto_json(row.known)}};
}

nlohmann::ordered_json DoubtJson(const DoubtFigures& figures) {
  nlohmann::ordered_json sureties = nlohmann::ordered_json::array(), bins = sureties, rows = sureties;
  for (const SuretyRow& row : figures.sureties)
    sureties.push_back({{"temperature", Rounded(row.temperature, 3)},
                        {"by", SuretyName(row.surety)},
                        {"separation", Rounded(row.separation, 4)}});
  for (const auto& [temperature, bin] : figures.calibration)
    bins.push_back({{"temperature", Rounded(temperature, 3)},
                    {"drafts", bin.drafts},
                    {"from", Rounded(bin.from, 2)},
                    {"count", bin.count},
                    {"predicted", Rounded(bin.predicted, 4)},
                    {"happened", Rounded(bin.happened, 4)}});
  for (const DoubtRow& row : figures.rows) rows.push_back(RowJson(row));
  return {{"sureties", std::move(sureties)}, {"calibration", std::move(bins)}, {"rows", std::move(rows)}};
}

void PrintTraces(const DoubtFigures& figures) {
  fmt::print("{:>11}  {:<26}{:>11}\n", "temperature", "drafts sorted by", "separation");
  for (const SuretyRow& row : figures.sureties)
    fmt::print("{:>11g}  {:<26}{:>11.3f}\n", row.temperature, SuretyName(row.surety), row.separation);
  fmt::print("\n{:>11}  {:<34}{:>7}{:>11}{:>10}\n", "temperature", "chance of", "count", "predicted",
             "happened");
  for (const auto& [temperature, bin] : figures.calibration) {
    const std::string what = bin.drafts == 1
                                 ? fmt::format("a draft of margin {:g} or more", bin.from)
                                 : fmt::format("{} drafts, predicted {:g} or more", bin.drafts, bin.from);
    fmt::print("{:>11g}  {:<34}{:>7}{:>11.3f}{:>10.3f}\n", temperature, what, bin.count, bin.predicted,
               bin.happened);
  }
}

void Print(const DoubtFigures& figures) {
  PrintTraces(figures);
  fmt::print(
      "\nsimulated; auto goes by the mean of all drafts (mean), or by each draft's own chance (own)\n");
  fmt::print("{:>11}{:>8}{:>7}  {:<14}{:>7}{:>8}{:>8}{:>8}{:>6}{:>6}{:>8}{:>7}\n", "temperature", "clients",
             "rtt ms", "best of others", "ms", "mean ms", "own ms", "up B/t", "own", "stale", "own", "ratio");
  for (const DoubtRow& row : figures.rows)
    fmt::print("{:>11g}{:>8}{:>7g}  {:<14}{:>7.2f}{:>8.2f}{:>8.2f}{:>8.2f}{:>6.2f}{:>6.2f}{:>8.2f}{:>7.3f}\n",
               row.temperature, row.clients, ToMs(row.rtt), ContenderName(row.best), row.best_ms,
               row.hidden.ms_per_token, row.known.ms_per_token, row.hidden.uplink_bytes_per_token,
               row.known.uplink_bytes_per_token, row.hidden.stale_per_token, row.known.stale_per_token,
               row.best_ms / row.known.ms_per_token);
}

}  // namespace

int BenchDoubtVerb(const Arguments& arguments) {
  const auto measure = [&](const std::function<bool()>& stopped) -> Result<DoubtFigures> {
    auto options = OptionsOf(arguments);
    if (!options) return Forward(options);
    const bool live = IsTerminal(stderr);
    return MeasureDoubt(
        *options,
        [live](std::string_view line) {
          if (live) Tell(std::string(line));
        },
        stopped);
  };
  return MeasureAndPrint(arguments.Switch("json"), measure, DoubtJson, Print);
}

}  // namespace tandem
