// See text_report.h.
#include "cli/text_report.h"

#include <sys/resource.h>

#include <nlohmann/json.hpp>

#include "cli/output.h"
#include "cli/statistics.h"

namespace tandem {

double TextReport::FirstTokenMs() const {
  return stats.first_token.count() < 0 ? 0 : ToMs(stats.first_token - stats.started);
}

double TextReport::TokensPerSecond() const {
  double ms = TotalMs();
  return ms <= 0 ? 0 : static_cast<double>(stats.generated) * 1000.0 / ms;
}

double TextReport::MsPerToken() const {
  if (stats.generated == 0) return 0;
  const Micros from = stats.opened.count() < 0 ? stats.started : stats.opened;
  return ToMs(stats.finished - from) / static_cast<double>(stats.generated);
}

double TextReport::Regret() const {
  return stats.streaming_us <= 0 ? 0 : MsPerToken() - stats.streaming_us / 1000;
}

double TextReport::NetworkMs() const {
  std::vector<double> times;
  for (const Micros time : stats.network) times.push_back(ToMs(time));
  return Median(std::move(times));
}

double TextReport::Acceptance() const {
  return stats.verified == 0 ? 0 : static_cast<double>(stats.accepted) / static_cast<double>(stats.verified);
}

double PeakRssMb() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) * 1024.0 / 1e6;  // Linux counts KiB
}

nlohmann::ordered_json ToJson(const TextReport& report) {
  const GenerationStats& stats = report.stats;
  nlohmann::ordered_json json = {{"mode", ModeName(report.mode)}, {"seed", report.seed},
                                 {"prompt", report.prompt},       {"text", report.text},
                                 {"tokens", report.tokens},       {"finish", FinishName(report.finish)}};
  if (report.error) json["error"] = ErrorJson(*report.error);
  json["stats"] = {{"generated", stats.generated},
                   {"drafted", stats.drafted},
                   {"sent", stats.sent},
                   {"verified", stats.verified},
                   {"accepted", stats.accepted},
                   {"stale", stats.stale},
                   {"rounds", stats.rounds},
                   {"reconnects", stats.reconnects},
                   {"recuts", stats.recuts},
                   {"offline_tokens", stats.OfflineTokens()},
                   {"front_ms", Rounded(ToMs(report.front_time), 2)},
                   {"setup_bytes", report.bytes.setup},
                   {"uplink_bytes", report.bytes.up},
                   {"downlink_bytes", report.bytes.down},
                   {"first_token_ms", Rounded(report.FirstTokenMs(), 2)},
                   {"total_ms", Rounded(report.TotalMs(), 2)},
                   {"edge_ms", Rounded(ToMs(stats.edge_compute), 2)},
                   {"cloud_ms", Rounded(ToMs(stats.cloud_time), 2)},
                   {"network_ms", Rounded(report.NetworkMs(), 3)},
                   {"ms_per_token", Rounded(report.MsPerToken(), 3)},
                   {"predicted_ms_per_token", Rounded(stats.predicted_us / 1000, 3)},
                   {"streaming_ms_per_token", Rounded(stats.streaming_us / 1000, 3)},
                   {"regret", Rounded(report.Regret(), 3)},
                   {"held_ms", Rounded(ToMs(stats.held), 2)},
                   {"peak_rss_mb", Rounded(PeakRssMb(), 1)}};
  return json;
}

}  // namespace tandem
