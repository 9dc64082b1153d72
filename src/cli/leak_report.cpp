// See leak_report.h.
#include "cli/leak_report.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "cli/output.h"

namespace tandem {

namespace {

using Json = nlohmann::ordered_json;

double PerRow(const LeakBytes& bytes) {
  return bytes.rows == 0 ? 0 : static_cast<double>(bytes.bytes) / static_cast<double>(bytes.rows);
}

Json BytesJson(const LeakBytes& bytes) {
  return {{"tokens", bytes.rows}, {"bytes", bytes.bytes}, {"bytes_per_token", Rounded(PerRow(bytes), 3)}};
}

Json RecoveredJson(const Recovered& recovered) {
  return {{"right", recovered.right}, {"of", recovered.of}, {"share", Rounded(recovered.share(), 4)}};
}

std::string Percent(const Recovered& recovered) {
  return recovered.of == 0 ? "-" : fmt::format("{:.1f} %", 100 * recovered.share());
}

std::string Described(const MeasuredLeak& leak, const LeakReading& reading) {
  const LeakReport& report = leak.report;
  if (reading.name == "nearest embedding")
    return fmt::format("nearest embedding ({}{})", MetricName(report.metric),
                       report.centred ? ", centred" : "");
  if (reading.name == "re-encoding")
    return fmt::format("re-encoding, up to {} candidates", leak.plan.candidates);
  if (reading.name == "prediction") return "prediction, from earlier rows";
  return reading.name;
}

}  // namespace

double MeasuredLeak::ppl_base() const {
  return std::exp(report.nll / static_cast<double>(report.scored));
}

double MeasuredLeak::ppl() const {
  return std::exp(report.coded_nll / static_cast<double>(report.scored));
}

Json ToJson(const MeasuredLeak& leak) {
  Json readings = Json::array();
  for (const LeakReading& reading : leak.report.readings)
    readings.push_back({{"name", reading.name},
                        {"prompt", RecoveredJson(reading.prompt)},
                        {"generated", RecoveredJson(reading.generated)}});
  const double ppl = leak.ppl(), base = leak.ppl_base();
  return {{"model", leak.model},
          {"file", leak.file},
          {"split", leak.split},
          {"layers", leak.layers},
          {"codec", leak.codec},
          {"known", leak.plan.known},
          {"prompts", leak.plan.prompts},
          {"candidates", leak.plan.candidates},
          {"seed", leak.plan.sampling.seed},
          {"prompt", BytesJson(leak.report.prompt)},
          {"generated", BytesJson(leak.report.generated)},
          {"ppl", Rounded(ppl, 4)},
          {"ppl_base", Rounded(base, 4)},
          {"dppl", Rounded(ppl / base - 1, 6)},
          {"scored", leak.report.scored},
          {"nearest", {{"metric", MetricName(leak.report.metric)}, {"centred", leak.report.centred}}},
          {"ridge", leak.report.ridge},
          {"readings", std::move(readings)},
          {"generated_known_to_head", true}};
}

std::string ReportText(const MeasuredLeak& leak) {
  const LeakReport& report = leak.report;
  std::string text = fmt::format(
      "{}, {} of {} layers below the cut, rows as {}\n"
      "{} prompts of {} tokens, {} tokens generated; the attacker knows {} tokens of the same text\n\n"
      "{:<34}{:>10}{:>12}\n",
      leak.model, leak.split, leak.layers, leak.codec, leak.plan.prompts, leak.plan.prompt_tokens,
      report.generated.rows, leak.plan.known, "share of tokens recovered by", "prompt", "generated");
  for (const LeakReading& reading : report.readings)
    text += fmt::format("{:<34}{:>10}{:>12}\n", Described(leak, reading), Percent(reading.prompt),
                        Percent(reading.generated));
  text += fmt::format(
      "\n{:.1f} bytes a prompt token, {:.1f} a generated one; perplexity {:.3f}, {:.3f} without the codec "
      "({:+.2f} %)\n"
      "Generated: where the head stays at the edge. A cloud that holds the head draws these tokens itself "
      "and "
      "knows them all.\n",
      PerRow(report.prompt), PerRow(report.generated), leak.ppl(), leak.ppl_base(),
      100 * (leak.ppl() / leak.ppl_base() - 1));
  return text;
}

}  // namespace tandem
