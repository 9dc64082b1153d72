// See demo_table.h.
#include "cli/demo_table.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cli/output.h"

namespace tandem {

namespace {

double PerToken(uint64_t bytes, const TextReport& report) {
  return report.stats.generated == 0
             ? 0
             : static_cast<double>(bytes) / static_cast<double>(report.stats.generated);
}

std::string Row(const TextReport& report) {
  bool linked = report.mode != Mode::kEdge;
  auto figure = [](bool shown, std::string text) { return shown ? text : std::string("-"); };
  return fmt::format("{:<10}{:>9.1f}{:>16.1f}{:>12}{:>18}{:>20}\n", ModeName(report.mode),
                     report.TokensPerSecond(), report.FirstTokenMs(),
                     figure(report.stats.verified > 0, fmt::format("{:.0f} %", 100 * report.Acceptance())),
                     figure(linked, fmt::format("{:.1f}", PerToken(report.bytes.up, report))),
                     figure(linked, fmt::format("{:.1f}", PerToken(report.bytes.down, report))));
}

std::string IdentityLine(const TextReport& cloud, const TextReport& speculate) {
  if (cloud.text == speculate.text) {
    return fmt::format("cloud and speculate wrote the same {} bytes (compared)", cloud.text.size());
  }
  size_t at = static_cast<size_t>(
      std::mismatch(cloud.text.begin(), cloud.text.end(), speculate.text.begin(), speculate.text.end())
          .first -
      cloud.text.begin());
  return fmt::format("cloud and speculate DIFFER from byte {} on ({} and {} bytes)", at, cloud.text.size(),
                     speculate.text.size());
}

std::string SpeedLine(const TextReport& cloud, const TextReport& speculate) {
  double ratio = cloud.TokensPerSecond() <= 0 ? 0 : speculate.TokensPerSecond() / cloud.TokensPerSecond();
  return fmt::format("speculate wrote {:.2f} times as fast as cloud{}", ratio, ratio < 1 ? ": a loss" : "");
}

}  // namespace

const TextReport* DemoResult::Find(Mode mode) const {
  auto found =
      std::find_if(texts.begin(), texts.end(), [&](const TextReport& text) { return text.mode == mode; });
  return found == texts.end() ? nullptr : &*found;
}

bool DemoResult::Identical() const {
  const TextReport *cloud = Find(Mode::kCloud), *speculate = Find(Mode::kSpeculate);
  return cloud && speculate && !cloud->error && !speculate->error && cloud->text == speculate->text;
}

std::string DemoTable(const DemoResult& result) {
  std::string table = fmt::format("{:<10}{:>9}{:>16}{:>12}{:>18}{:>20}\n", "mode", "tokens/s",
                                  "first token ms", "acceptance", "uplink B/token", "downlink B/token");
  for (Mode mode : {Mode::kEdge, Mode::kCloud, Mode::kSpeculate}) {
    if (const TextReport* text = result.Find(mode)) table += Row(*text);
  }
  return table;
}

std::vector<std::string> DemoVerdict(const DemoResult& result) {
  const TextReport *cloud = result.Find(Mode::kCloud), *speculate = result.Find(Mode::kSpeculate);
  if (!cloud || !speculate) return {};
  return {IdentityLine(*cloud, *speculate), SpeedLine(*cloud, *speculate)};
}

nlohmann::ordered_json ToJson(const DemoResult& result) {
  nlohmann::ordered_json modes = nlohmann::ordered_json::array();
  for (const TextReport& text : result.texts) {
    nlohmann::ordered_json row = ToJson(text);
    row["tokens_per_s"] = Rounded(text.TokensPerSecond(), 2);
    row["acceptance"] = Rounded(text.Acceptance(), 4);
    row["uplink_bytes_per_token"] = Rounded(PerToken(text.bytes.up, text), 2);
    row["downlink_bytes_per_token"] = Rounded(PerToken(text.bytes.down, text), 2);
    modes.push_back(std::move(row));
  }
  const DemoTarget& target = result.target;
  return {{"target",
           {{"path", target.path},
            {"layers", target.layers},
            {"ff", target.ff},
            {"step_ms", Rounded(target.step_ms, 2)},
            {"reused", target.reused}}},
          {"link",
           {{"rtt_ms", ToMs(result.shape.rtt)},
            {"down_bit_s", result.shape.rates.down_bps},
            {"up_bit_s", result.shape.rates.up_bps}}},
          {"modes", std::move(modes)},
          {"identical", result.Identical()}};
}

}  // namespace tandem
