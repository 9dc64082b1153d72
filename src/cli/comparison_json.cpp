// See comparison_json.h.
#include "cli/comparison_json.h"

#include <nlohmann/json.hpp>

#include "cli/output.h"
#include "cli/ratings.h"

namespace tandem {

namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kSamples = 3;  // texts of a row that are told one by one

Json SummaryJson(const Summary& summary, int places) {
  const auto figure = [places](double value) { return Rounded(value, places); };
  return {{"mean", figure(summary.mean)}, {"median", figure(summary.median)},   {"min", figure(summary.min)},
          {"max", figure(summary.max)},   {"std_dev", figure(summary.std_dev)}, {"p10", figure(summary.p10)},
          {"p50", figure(summary.p50)},   {"p90", figure(summary.p90)},         {"p99", figure(summary.p99)}};
}

Json SampleJson(const ComparedText& text) {
  const TextReport& report = text.report;
  return {{"prompt", text.prompt},
          {"iteration", text.iteration},
          {"seed", report.seed},
          {"end_to_end_latency", Rounded(report.TotalMs(), 2)},
          {"network_latency", report.stats.network.empty() ? Json() : Json(Rounded(report.NetworkMs(), 3))},
          {"edge_inference_time", Rounded(ToMs(report.stats.edge_compute), 2)},
          {"cloud_inference_time", Rounded(ToMs(report.stats.cloud_time), 2)},
          {"token_acceptance_rate", Rounded(report.Acceptance(), 4)},
          {"total_tokens_generated", report.stats.generated},
          {"ms_per_token", Rounded(report.MsPerToken(), 3)}};
}

Json SamplesJson(const Comparison& comparison, const ComparisonRow& row) {
  Json samples = Json::array();
  for (const ComparedText& text : comparison.texts) {
    const bool of_row = comparison.plan.contenders[text.contender] == row.contender &&
                        ToMs(comparison.plan.round_trips[text.round_trip]) == row.rtt_ms;
    if (of_row && samples.size() < kSamples) samples.push_back(SampleJson(text));
  }
  return samples;
}

Json RowJson(const ComparisonRow& row) {
  return {{"mode", ModeName(row.contender.mode)},
          {"k", row.contender.k},
          {"rtt_ms", row.rtt_ms},
          {"clients", 1},
          {"ms_per_token", Rounded(row.ms_per_token.median, 3)},
          {"predicted_ms_per_token", Rounded(row.predicted_ms_per_token, 3)},
          {"predicted_ratio", Rounded(row.predicted_ratio, 3)},
          {"bound_ms", Rounded(row.bound_ms, 3)},
          {"regret_ms", Rounded(row.regret_ms, 3)},
          {"acceptance", Rounded(row.total_acceptance, 4)},
          {"uplink_bytes_per_token", Rounded(row.uplink_bytes_per_token, 2)},
          {"downlink_bytes_per_token", Rounded(row.downlink_bytes_per_token, 2)},
          {"sent_per_token", Rounded(row.sent_per_token, 3)},
          {"stale_share", Rounded(row.stale_share, 4)},
          {"speedup_ratio", Rounded(row.speedup, 3)},
          {"latency_speedup_ratio", Rounded(row.latency_speedup, 3)},
          {"status", SpeedStatus(row.speedup)},
          {"texts", row.texts},
          {"total_tokens_generated", row.total_tokens},
          {"network_latency", row.network_ms ? Json(Rounded(*row.network_ms, 3)) : Json()},
          {"edge_inference_time", Rounded(row.edge_ms, 2)},
          {"cloud_inference_time", Rounded(row.cloud_ms, 2)}};
}

Json StatisticsJson(const ComparisonRow& row) {
  return {{"end_to_end_latency", SummaryJson(row.latency_ms, 2)},
          {"ms_per_token", SummaryJson(row.ms_per_token, 3)},
          {"first_token_ms", SummaryJson(row.first_token_ms, 2)},
          {"token_acceptance_rate", SummaryJson(row.acceptance, 4)},
          {"tokens", SummaryJson(row.tokens, 1)}};
}

Json HeadlineJson(const std::vector<ComparisonRow>& rows) {
  const auto headline = HeadlineOf(rows);
  if (!headline) return nullptr;
  return {{"mode", ModeName(headline->mode)},
          {"speedup_ratio", Rounded(headline->speedup, 3)},
          {"lowest", Rounded(headline->lowest, 3)},
          {"highest", Rounded(headline->highest, 3)},
          {"acceptance", Rounded(headline->acceptance, 4)},
          {"status", SpeedStatus(headline->speedup)},
          {"verdict", SpeedVerdict(headline->speedup)},
          {"acceptance_rating", AcceptanceRating(headline->acceptance)}};
}

Json PlanJson(const ComparisonPlan& plan) {
  return {{"prompt_set", plan.prompt_set}, {"prompts", plan.prompts.size()}, {"skipped", plan.skipped},
          {"iterations", plan.iterations}, {"warmup", plan.warmup},          {"tokens", plan.tokens},
          {"seed", plan.sampling.seed}};
}

Json CloudJson(const Comparison& comparison) {
  Json cloud = {{"urls", comparison.clouds}};
  if (comparison.target)
    cloud["target"] = {{"path", comparison.target->path},
                       {"layers", comparison.target->layers},
                       {"ff", comparison.target->ff},
                       {"step_ms", Rounded(comparison.target->step_ms, 2)}};
  return cloud;
}

}  // namespace

Json ToJson(const Comparison& comparison, const std::vector<ComparisonRow>& rows) {
  Json list = Json::array();
  for (const ComparisonRow& row : rows) {
    Json object = RowJson(row);
    object["statistics"] = StatisticsJson(row);
    object["samples"] = SamplesJson(comparison, row);
    list.push_back(std::move(object));
  }
  return {{"complete", comparison.complete}, {"identical", comparison.Identical()},
          {"cloud", CloudJson(comparison)},  {"plan", PlanJson(comparison.plan)},
          {"headline", HeadlineJson(rows)},  {"rows", std::move(list)}};
}

}  // namespace tandem
