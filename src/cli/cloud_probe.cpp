// See cloud_probe.h.
#include "cli/cloud_probe.h"

#include <algorithm>
#include <atomic>

#include "cli/contender.h"
#include "cli/statistics.h"
#include "model/model_facts.h"

namespace tandem {

namespace {

constexpr int32_t kTokens = 16;
constexpr const char* kCodec = "f16";

struct Probe {
  double row_us = 0;
  LinkTimes link;
};

double MedianUs(const std::vector<Micros>& times) {
  std::vector<double> us;
  for (const Micros time : times) us.push_back(static_cast<double>(time.count()));
  return Median(us);
}

Result<Probe> ProbeAt(int begin, const std::string& model, const std::vector<Token>& prompt,
                      const Dialer& dial, const LoadEngineOptions& options) {
  auto edge = LoadEdgeModel(model, Mode::kCloud, options);
  if (!edge) return Forward(edge);
  auto split = LoadEdgeSplit(model, {.begin = begin, .codec = kCodec}, options);
  if (!split) return Forward(split);
  edge->split = std::move(*split);
  WritingSpec spec;
  spec.ids = PromptIds{prompt, {}};
  spec.max_tokens = kTokens;
  const std::atomic<bool> never{false};
  const auto report = WriteAs({Mode::kSplit, 0}, std::move(spec), *edge, dial, never);
  if (!report) return Forward(report);
  if (report->plan.step_costs.empty())
    return Fail(ErrorCode::kNetwork, "the cloud told no costs for layers {} on", begin);
  Probe probe{static_cast<double>(report->plan.step_costs.front().count()), {}};
  probe.link = {.rtt_us = MedianUs(report->stats.network), .up_bytes_per_us = report->plan.up_bytes_per_us};
  return probe;
}

}  // namespace

Result<ProbedCloud> ProbeCloud(const std::string& model, const std::vector<Token>& prompt, const Dialer& dial,
                               const LoadEngineOptions& options) {
  const auto facts = FactsOf(model);
  if (!facts) return Forward(facts);
  const auto whole =
      ProbeAt(0, model, prompt, dial, options);  // no layers here: the round trip is the link's
  if (!whole) return Forward(whole);
  const auto head = ProbeAt(facts->layers, model, prompt, dial, options);
  if (!head) return Forward(head);
  ProbedCloud cloud{whole->row_us, std::min(head->row_us, whole->row_us), whole->link};
  if (cloud.link.up_bytes_per_us > 0) {
    const double line_us = 2.0 * facts->width / cloud.link.up_bytes_per_us;
    cloud.link.rtt_us = std::max(0.0, cloud.link.rtt_us - line_us);
  }
  return cloud;
}

HalfTimes HalfInCloud(const ProbedCloud& cloud, const HalfTimes& here, const HalfTimes& whole_here, int begin,
                      int layers) {
  const double share = 1 - static_cast<double>(begin) / layers;
  const double speed = cloud.whole_row_us / std::max(1.0, whole_here.row_us);
  return {.row_us = cloud.head_row_us + share * (cloud.whole_row_us - cloud.head_row_us),
          .tail_us = here.tail_us * speed,
          .block_us = here.block_us * speed};
}

}  // namespace tandem
