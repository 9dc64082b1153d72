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

nlohmann::ordered_json ToJson(const DoubtFigures& figures) {
  nlohmann::ordered_json sureties = nlohmann::ordered_json::array();
  for (const SuretyRow& row : figures.sureties)
    sureties.push_back({{"temperature", Rounded(row.temperature, 3)},
                        {"by", SuretyName(row.surety)},
                        {"separation", Rounded(row.separation, 4)}});
  return {{"sureties", std::move(sureties)}};
}

void Print(const DoubtFigures& figures) {
  fmt::print("{:>12}  {:<26}{:>11}\n", "temperature", "drafts sorted by", "separation");
  for (const SuretyRow& row : figures.sureties)
    fmt::print("{:>12g}  {:<26}{:>11.3f}\n", row.temperature, SuretyName(row.surety), row.separation);
}

}  // namespace

int BenchDoubtVerb(const Arguments& arguments) {
  const auto measure = [&](const std::function<bool()>& stopped) -> Result<DoubtFigures> {
    auto options = OptionsOf(arguments);
    if (!options) return Forward(options);
    const bool live = IsTerminal(stderr);
    return MeasureDoubt(
        *options, [live](std::string_view line) { if (live) Tell(std::string(line)); }, stopped);
  };
  return MeasureAndPrint(arguments.Switch("json"), measure, ToJson, Print);
}

}  // namespace tandem
