// See comparison_figures.h.
#include "cli/comparison_figures.h"

#include <algorithm>
#include <cmath>

namespace tandem {

namespace {

double Part(uint64_t part, uint64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

// Texts of one contender at one round trip.
class Cell {
 public:
  void Take(const TextReport& report) {
    const GenerationStats& stats = report.stats;
    latency_.push_back(report.TotalMs());
    ms_.push_back(report.MsPerToken());
    if (stats.generated > 0) first_.push_back(report.FirstTokenMs());
    tokens_.push_back(static_cast<double>(stats.generated));
    if (stats.verified > 0) acceptance_.push_back(report.Acceptance());
    if (!stats.network.empty()) network_.push_back(report.NetworkMs());
    edge_.push_back(ToMs(stats.edge_compute));
    cloud_.push_back(ToMs(stats.cloud_time));
    if (stats.streaming_us > 0) regret_.push_back(report.Regret());
    if (report.plan.bound_us > 0) bound_.push_back(report.plan.bound_us / 1000);
    if (stats.predicted_us > 0) predicted_.push_back(stats.predicted_us / 1000);
    if (stats.predicted_us > 0 && report.MsPerToken() > 0)
      ratio_.push_back(stats.predicted_us / 1000 / report.MsPerToken());
    generated_ += stats.generated, verified_ += stats.verified, accepted_ += stats.accepted;
    sent_ += stats.sent, stale_ += stats.stale;
    up_ += report.bytes.up, down_ += report.bytes.down;
  }

  bool empty() const { return latency_.empty(); }

  ComparisonRow Row(const Contender& contender, Micros rtt) const {
    ComparisonRow row{.contender = contender, .rtt_ms = ToMs(rtt), .texts = latency_.size()};
    row.latency_ms = Summarize(latency_);
    row.ms_per_token = Summarize(ms_);
    row.first_token_ms = Summarize(first_);
    row.tokens = Summarize(tokens_);
    row.acceptance = Summarize(acceptance_);
    if (!network_.empty()) row.network_ms = Mean(network_);
    row.edge_ms = Mean(edge_), row.cloud_ms = Mean(cloud_);
    row.total_tokens = generated_;
    row.verified = verified_;
    row.total_acceptance = Part(accepted_, verified_);
    row.uplink_bytes_per_token = Part(up_, generated_);
    row.downlink_bytes_per_token = Part(down_, generated_);
    row.sent_per_token = Part(sent_, generated_);
    row.stale_share = Part(stale_, sent_);
    row.predicted_ms_per_token = Median(predicted_), row.bound_ms = Median(bound_);
    row.predicted_ratio = Median(ratio_), row.regret_ms = Median(regret_);
    return row;
  }

 private:
  std::vector<double> latency_, ms_, first_, tokens_, acceptance_, network_, edge_, cloud_;
  std::vector<double> regret_, bound_, predicted_, ratio_;
  uint64_t generated_ = 0, verified_ = 0, accepted_ = 0, sent_ = 0, stale_ = 0, up_ = 0, down_ = 0;
};

void AddSpeedups(std::vector<ComparisonRow>& rows) {
  for (ComparisonRow& row : rows) {
    const ComparisonRow* cloud = BestOf(rows, Mode::kCloud, row.rtt_ms);
    if (cloud == nullptr) continue;
    if (row.ms_per_token.median > 0) row.speedup = cloud->ms_per_token.median / row.ms_per_token.median;
    if (row.latency_ms.median > 0) row.latency_speedup = cloud->latency_ms.median / row.latency_ms.median;
  }
}

}  // namespace

std::vector<ComparisonRow> RowsOf(const Comparison& comparison) {
  const ComparisonPlan& plan = comparison.plan;
  std::vector<ComparisonRow> rows;
  for (size_t r = 0; r < plan.round_trips.size(); ++r) {
    for (size_t c = 0; c < plan.contenders.size(); ++c) {
      Cell cell;
      for (const ComparedText& text : comparison.texts) {
        if (text.round_trip == r && text.contender == c) cell.Take(text.report);
      }
      if (!cell.empty()) rows.push_back(cell.Row(plan.contenders[c], plan.round_trips[r]));
    }
  }
  AddSpeedups(rows);
  return rows;
}

const ComparisonRow* BestOf(const std::vector<ComparisonRow>& rows, Mode mode, double rtt_ms) {
  const ComparisonRow* best = nullptr;
  for (const ComparisonRow& row : rows) {
    if (row.contender.mode != mode || row.rtt_ms != rtt_ms) continue;
    if (best == nullptr || row.ms_per_token.median < best->ms_per_token.median) best = &row;
  }
  return best;
}

std::optional<ModeSpeed> SpeedOf(const std::vector<ComparisonRow>& rows, Mode mode) {
  std::vector<double> speedups, logs, acceptances;
  for (const ComparisonRow& row : rows) {
    if (&row != BestOf(rows, mode, row.rtt_ms) || row.speedup <= 0) continue;
    speedups.push_back(row.speedup);
    logs.push_back(std::log(row.speedup));
    if (row.verified > 0) acceptances.push_back(row.total_acceptance);
  }
  if (speedups.empty()) return std::nullopt;
  return ModeSpeed{.mode = mode,
                   .speedup = std::exp(Mean(logs)),
                   .lowest = *std::min_element(speedups.begin(), speedups.end()),
                   .highest = *std::max_element(speedups.begin(), speedups.end()),
                   .acceptance = Mean(acceptances)};
}

std::optional<ModeSpeed> HeadlineOf(const std::vector<ComparisonRow>& rows) {
  for (const Mode mode : {Mode::kAuto, Mode::kSpeculate, Mode::kSync, Mode::kEdge}) {
    if (const auto speed = SpeedOf(rows, mode)) return speed;
  }
  return std::nullopt;
}

}  // namespace tandem
