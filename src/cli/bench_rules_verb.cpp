// tandem bench rules: the rules that judge drafts, side by side.
#include <nlohmann/json.hpp>

#include "cli/bench_rules.h"
#include "cli/model_path.h"
#include "cli/output.h"
#include "cli/prompt_file.h"
#include "cli/terminal.h"
#include "cli/verbs.h"

namespace tandem {

namespace {

Result<RulesBenchOptions> OptionsOf(const Arguments& arguments) {
  auto target = FindModel(arguments.Text("model")), draft = FindModel(arguments.Text("draft-model"));
  if (!target) return Forward(target);
  if (!draft) return Forward(draft);
  auto prompts = ReadPrompts(arguments.Text("prompts"), static_cast<size_t>(arguments.Integer("count")));
  if (!prompts) return Forward(prompts);
  RulesBenchOptions options;
  options.target = std::move(*target);
  options.draft = std::move(*draft);
  options.prompts = std::move(*prompts);
  options.draft_length = static_cast<int>(arguments.Integer("draft"));
  options.tokens = static_cast<int>(arguments.Integer("predict"));
  options.max_ids = static_cast<int>(arguments.Integer("ids"));
  options.lattice = static_cast<int>(arguments.Integer("lattice"));
  options.seed = arguments.Seed("seed");
  if (arguments.Given("threads")) options.threads = static_cast<int>(arguments.Integer("threads"));
  return options;
}

nlohmann::ordered_json RowJson(const RulesBenchRow& row) {
  return {{"pair", row.pair},
          {"rule", RuleName(row.rule)},
          {"temperature", Rounded(row.temperature, 3)},
          {"rounds", row.counts.rounds},
          {"tokens", row.counts.tokens},
          {"drafted", row.counts.drafted},
          {"verified", row.counts.verified},
          {"accepted", row.counts.accepted},
          {"uplink_bytes", row.counts.uplink_bytes},
          {"tokens_per_round", Rounded(row.TokensPerRound(), 3)},
          {"acceptance", Rounded(row.Acceptance(), 4)},
          {"uplink_bytes_per_token", Rounded(row.BytesPerToken(), 2)}};
}

void PrintTable(const std::vector<RulesBenchRow>& rows) {
  fmt::print("{:<6}{:>12}  {:<9}{:>8}{:>8}{:>14}{:>12}{:>14}\n", "pair", "temperature", "rule", "rounds",
             "tokens", "tokens/round", "acceptance", "bytes/token");
  for (const RulesBenchRow& row : rows) {
    fmt::print("{:<6}{:>12.1f}  {:<9}{:>8}{:>8}{:>14.3f}{:>12.3f}{:>14.2f}\n", row.pair, row.temperature,
               RuleName(row.rule), row.counts.rounds, row.counts.tokens, row.TokensPerRound(),
               row.Acceptance(), row.BytesPerToken());
  }
}

nlohmann::ordered_json ReportJson(const RulesBenchOptions& options, const std::vector<RulesBenchRow>& rows) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const RulesBenchRow& row : rows) list.push_back(RowJson(row));
  return {{"draft", options.draft_length},     {"ids", options.max_ids}, {"lattice", options.lattice},
          {"prompts", options.prompts.size()}, {"seed", options.seed},   {"rows", std::move(list)}};
}

}  // namespace

int BenchRulesVerb(const Arguments& arguments) {
  const bool json = arguments.Switch("json");
  const auto options = OptionsOf(arguments);
  if (!options) return Report(options.error(), json);
  const bool live = IsTerminal(stderr);
  const auto rows = BenchRules(*options, [live](std::string_view line) {
    if (live) Tell(std::string(line));
  });
  if (!rows) return Report(rows.error(), json);
  if (json) {
    PrintJson(ReportJson(*options, *rows));
  } else {
    PrintTable(*rows);
  }
  return 0;
}

}  // namespace tandem
