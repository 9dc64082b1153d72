// tandem bench figures: what speculation over a link is worth, and whether it keeps its promises.
#include <nlohmann/json.hpp>

#include "cli/bench_figures.h"
#include "cli/interruptible.h"
#include "cli/output.h"
#include "cli/prompt_file.h"
#include "cli/terminal.h"
#include "cli/verbs.h"

namespace tandem {

namespace {

Result<FiguresOptions> OptionsOf(const Arguments& arguments) {
  FiguresOptions options;
  auto prompts = ReadPrompts(arguments.Text("prompts"), static_cast<size_t>(arguments.Integer("count")));
  if (!prompts) return Forward(prompts);
  options.prompts = std::move(*prompts);
  options.tokens = static_cast<int32_t>(arguments.Integer("predict"));
  options.rounds = static_cast<int>(arguments.Integer("rounds"));
  options.seed = arguments.Seed("seed");
  for (const int ms : {0, 10, 30, 60, 100, 200}) options.round_trips.push_back(Micros(ms * 1000));
  options.clients = {1, 4, 16};
  return options;
}

nlohmann::ordered_json RowJson(const FiguresRow& row) {
  return {{"how", row.how},
          {"mode", ModeName(row.mode)},
          {"k", row.k},
          {"rtt_ms", row.rtt_ms},
          {"clients", row.clients},
          {"ms_per_token", Rounded(row.ms_per_token, 3)},
          {"predicted_ms_per_token", Rounded(row.predicted_ms_per_token, 3)},
          {"bound_ms", Rounded(row.bound_ms, 3)},
          {"acceptance", Rounded(row.acceptance, 4)},
          {"uplink_bytes_per_token", Rounded(row.uplink_bytes_per_token, 2)}};
}

nlohmann::ordered_json ToJson(const Figures& figures) {
  nlohmann::ordered_json rows = nlohmann::ordered_json::array(), claims = rows;
  for (const FiguresRow& row : figures.rows) rows.push_back(RowJson(row));
  for (const FiguresClaim& claim : figures.claims)
    claims.push_back({{"claim", claim.text},
                      {"wanted", Rounded(claim.wanted, 3)},
                      {"got", Rounded(claim.got, 3)},
                      {"bound", Rounded(claim.bound, 3)},
                      {"kept", claim.Kept()}});
  return {{"step_ms", Rounded(figures.step_ms, 2)},
          {"draft_ms", Rounded(figures.draft_ms, 2)},
          {"identical", figures.identical},
          {"rows", std::move(rows)},
          {"claims", std::move(claims)}};
}

void Print(const Figures& figures) {
  fmt::print("one step {:.1f} ms, one draft {:.1f} ms; texts of all modes {}\n\n", figures.step_ms,
             figures.draft_ms, figures.identical ? "are equal (compared)" : "DIFFER");
  fmt::print("{:<10}{:<10}{:>3}{:>8}{:>9}{:>13}{:>11}{:>8}{:>12}{:>9}\n", "how", "mode", "k", "rtt ms",
             "clients", "ms a token", "predicted", "bound", "acceptance", "up B/t");
  for (const FiguresRow& row : figures.rows)
    fmt::print("{:<10}{:<10}{:>3}{:>8g}{:>9}{:>13.2f}{:>11.2f}{:>8.2f}{:>12.2f}{:>9.1f}\n", row.how,
               ModeName(row.mode), row.k, row.rtt_ms, row.clients, row.ms_per_token,
               row.predicted_ms_per_token, row.bound_ms, row.acceptance, row.uplink_bytes_per_token);
  fmt::print("\n");
  for (const FiguresClaim& claim : figures.claims)
    fmt::print("{:<58} wanted {:.2f} got {:.2f}{}{}\n", claim.text, claim.wanted, claim.got,
               claim.bound > 0 ? fmt::format(" bound {:.2f}", claim.bound) : "",
               claim.Kept() ? "" : "  MISSED");
}

}  // namespace

int BenchFiguresVerb(const Arguments& arguments) {
  bool identical = true;
  const auto measure = [&](const std::function<bool()>& stopped) -> Result<Figures> {
    auto options = OptionsOf(arguments);
    if (!options) return Forward(options);
    auto figures = MeasureFigures(*options, Tell, stopped);
    if (figures) identical = figures->identical;
    return figures;
  };
  const int code = MeasureAndPrint(arguments.Switch("json"), measure, ToJson, Print);
  return code == 0 && !identical ? ExitCode(ErrorCode::kInternal) : code;
}

}  // namespace tandem
