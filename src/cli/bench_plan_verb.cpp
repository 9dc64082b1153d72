// tandem bench plan: what a plan predicts, beside texts as they are written.
#include <nlohmann/json.hpp>

#include "cli/bench_plan.h"
#include "cli/interruptible.h"
#include "cli/terminal.h"
#include "cli/verbs.h"

namespace tandem {

namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kPrompt =
    "Once upon a time, there was a little fox who lived in a big forest. One day, the fox found a red "
    "balloon. She wanted to show it to her friend, the old owl, who sat in a tall tree.";

PlanBenchOptions OptionsOf(const Arguments& arguments) {
  return {.prompt = kPrompt,
          .prompt_tokens = static_cast<int32_t>(arguments.Integer("prompt-tokens")),
          .tokens = static_cast<int32_t>(arguments.Integer("predict")),
          .rounds = static_cast<int>(arguments.Integer("rounds")),
          .link = {.rtt = arguments.Duration("rtt"), .rates = arguments.Rate("rate")},
          .seed = arguments.Seed("seed")};
}

Json TextJson(const PredictedText& text) {
  return {{"ms_per_token", Rounded(text.mean, 3)},
          {"first_ms", Rounded(text.first, 3)},
          {"next_ms", Rounded(text.next, 3)}};
}

Json ToJson(const std::vector<PlanBenchRow>& rows) {
  Json list = Json::array();
  for (const PlanBenchRow& row : rows)
    list.push_back({{"split", row.split},
                    {"codec", row.codec},
                    {"predicted", TextJson(row.predicted)},
                    {"measured", TextJson(row.measured)},
                    {"ratio", Rounded(row.measured.mean / row.predicted.mean, 4)}});
  return {{"rows", std::move(list)}};
}

void Print(const std::vector<PlanBenchRow>& rows) {
  fmt::print("{:>5}  {:<26}{:>22}{:>22}{:>22}{:>8}\n", "split", "codec", "ms a token, predicted",
             "first ms, predicted", "next ms, predicted", "ratio");
  const auto both = [](double measured, double predicted) {
    return fmt::format("{:.1f} ({:.1f})", measured, predicted);
  };
  for (const PlanBenchRow& row : rows)
    fmt::print("{:>5}  {:<26}{:>22}{:>22}{:>22}{:>8.3f}\n", row.split, row.codec,
               both(row.measured.mean, row.predicted.mean), both(row.measured.first, row.predicted.first),
               both(row.measured.next, row.predicted.next), row.measured.mean / row.predicted.mean);
}

}  // namespace

int BenchPlanVerb(const Arguments& arguments) {
  const PlanBenchOptions options = OptionsOf(arguments);
  const auto measure = [&](const std::function<bool()>& stopped) {
    return MeasurePredictions(options, Tell, stopped);
  };
  return MeasureAndPrint(arguments.Switch("json"), measure, ToJson, Print);
}

}  // namespace tandem
