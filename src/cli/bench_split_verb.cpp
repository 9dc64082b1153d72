// tandem bench split: what a cut model writes over a link, beside the whole one and beside the bound.
#include <nlohmann/json.hpp>

#include "cli/bench_split.h"
#include "cli/interruptible.h"
#include "cli/prompt_file.h"
#include "cli/terminal.h"
#include "cli/verbs.h"

namespace tandem {

namespace {

SplitPromptOptions PromptOf(const Arguments& arguments) {
  return {.tokens = static_cast<int>(arguments.Integer("prompt-tokens")),
          .rounds = static_cast<int>(arguments.Integer("count")),
          .link = {.rtt = arguments.Duration("rtt"), .rates = arguments.Rate("rate")}};
}

Result<SplitBenchOptions> OptionsOf(const Arguments& arguments) {
  auto prompts = ReadPrompts(arguments.Text("prompts"), static_cast<size_t>(arguments.Integer("count")));
  if (!prompts) return Forward(prompts);
  return SplitBenchOptions{.prompts = std::move(*prompts),
                           .tokens = static_cast<int32_t>(arguments.Integer("predict")),
                           .split = static_cast<int>(arguments.Integer("split")),
                           .codec = arguments.Text("codec"),
                           .rtt = arguments.Duration("rtt"),
                           .seed = arguments.Seed("seed"),
                           .prompt = PromptOf(arguments)};
}

nlohmann::ordered_json PromptJson(const SplitPrompt& prompt) {
  return {{"tokens", prompt.tokens},
          {"uplink_bytes", Rounded(prompt.bytes, 0)},
          {"chunks_ms", Rounded(prompt.chunks_ms, 1)},
          {"whole_ms", Rounded(prompt.whole_ms, 1)},
          {"sum_ms", Rounded(prompt.SumMs(), 1)},
          {"edge_ms", Rounded(prompt.edge_ms, 1)},
          {"line_ms", Rounded(prompt.line_ms, 1)},
          {"delay_ms", Rounded(prompt.delay_ms, 1)},
          {"cloud_ms", Rounded(prompt.cloud_ms, 1)}};
}

nlohmann::ordered_json ToJson(const SplitBench& bench) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const SplitBenchRow& row : bench.rows)
    list.push_back({{"how", row.how},
                    {"k", row.k},
                    {"rtt_ms", row.rtt_ms},
                    {"ms_per_token", Rounded(row.ms_per_token, 3)},
                    {"bound_ms", Rounded(row.bound_ms, 3)},
                    {"acceptance", Rounded(row.acceptance, 4)},
                    {"uplink_bytes_per_token", Rounded(row.uplink_bytes_per_token, 1)},
                    {"downlink_bytes_per_token", Rounded(row.downlink_bytes_per_token, 1)},
                    {"identical", row.identical}});
  return {{"step_ms", Rounded(bench.step_ms, 3)},
          {"rows", std::move(list)},
          {"prompt", PromptJson(bench.prompt)}};
}

void PrintPrompt(const SplitPrompt& prompt) {
  fmt::print("\na prompt of {} tokens over {} bytes, until the first token:\n", prompt.tokens, prompt.bytes);
  fmt::print("{:<36}{:>8.0f} ms\n", "in chunks", prompt.chunks_ms);
  fmt::print("{:<36}{:>8.0f} ms\n", "computed here as a whole, then sent", prompt.whole_ms);
  fmt::print("{:<36}{:>8.0f} ms: edge {:.0f}, line {:.0f}, round trips {:.0f}, cloud {:.0f}\n",
             "one part after the other", prompt.SumMs(), prompt.edge_ms, prompt.line_ms, prompt.delay_ms,
             prompt.cloud_ms);
}

std::string OrDash(double value, int digits) {
  return value > 0 ? fmt::format("{:.{}f}", value, digits) : "-";
}

void Print(const SplitBench& bench) {
  fmt::print("one row of the cloud's layers: {:.1f} ms\n", bench.step_ms);
  fmt::print("{:<7}{:>4}{:>8}{:>12}{:>11}{:>10}{:>12}{:>9}{:>9}  {}\n", "how", "k", "rtt ms", "ms a token",
             "bound, ms", "of bound", "acceptance", "up B/t", "down B/t", "text");
  for (const SplitBenchRow& row : bench.rows)
    fmt::print("{:<7}{:>4}{:>8g}{:>12.2f}{:>11}{:>10}{:>12}{:>9.1f}{:>9.1f}  {}\n", row.how, row.k,
               row.rtt_ms, row.ms_per_token, OrDash(row.bound_ms, 2),
               OrDash(row.bound_ms / row.ms_per_token, 2), OrDash(row.acceptance, 2),
               row.uplink_bytes_per_token, row.downlink_bytes_per_token,
               row.how == "whole" ? ""
               : row.identical    ? "equal"
                                  : "DIFFERS");
  PrintPrompt(bench.prompt);
}

}  // namespace

int BenchSplitVerb(const Arguments& arguments) {
  const bool json = arguments.Switch("json");
  const auto options = OptionsOf(arguments);
  if (!options) return Report(options.error(), json);
  const auto measure = [&](const std::function<bool()>& stopped) {
    return MeasureSplit(*options, Tell, stopped);
  };
  return MeasureAndPrint(json, measure, ToJson, Print);
}

}  // namespace tandem
