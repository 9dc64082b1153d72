// See cut_planning.h.
#include "cli/cut_planning.h"

#include <algorithm>
#include <array>
#include <utility>

#include "cli/output.h"
#include "cli/perplexity_session.h"
#include "cli/rows_cost.h"
#include "decode/half_times.h"

namespace tandem {

namespace {

// Rows that a steady text has in its caches where its steps are timed.
int PositionOf(const TextLength& text) {
  return text.prompt + text.tokens / 2;
}

Result<std::vector<CodecAtCut>> MeasureCodecs(const PlanRequest& request, int width) {
  std::vector<CodecAtCut> codecs;
  for (const std::string& name : request.codecs) {
    const auto spec = ParseRowCodec(name);
    if (!spec) return Forward(spec);
    const auto codec = RowCodec::Make(*spec, static_cast<size_t>(width));
    if (!codec) return Forward(codec);
    const auto cost = MeasureRowsCost(*codec);
    if (!cost) return Forward(cost);
    codecs.push_back({name, *cost, 0});
  }
  return codecs;
}

HalfTimesAsked Asked(const PlanRequest& request, int threads) {
  return {.model = request.model,
          .threads = threads,
          .device = request.device,
          .position = PositionOf(request.terms.text)};
}

// The embedding's rows cost nothing to speak of, so what lies behind it is the whole.
Result<HalfTimes> MeasureWhole(const HalfTimesAsked& asked, const std::function<bool()>& stopped) {
  constexpr std::array kNone = {0};
  const auto times = MeasureHalf(asked, Half::kCloud, kNone, stopped);
  if (!times) return Forward(times);
  return times->front();
}

// `whole` is the model on this machine, with the threads that stood in for the cloud's.
void TakeCloud(const HalfTimes& whole, MeasuredPlan& measured) {
  measured.cloud_alone_us = whole.row_us;
  const std::optional<ProbedCloud>& cloud = measured.request.cloud;
  if (!cloud) return;
  measured.cloud_alone_us = cloud->whole_row_us;
  for (PlannedCut& cut : measured.plan.cuts)
    cut.times.cloud = HalfInCloud(*cloud, cut.times.cloud, whole, cut.times.begin, measured.plan.layers);
}

// One sweep over all cuts and codecs, so that they share the layers below.
Result<PerplexitySums> MeasureLoss(const PlanRequest& request, const std::function<bool()>& stopped) {
  PerplexityRequest asked{.model = request.model, .file = request.file, .plan = request.windows};
  asked.threads = request.threads;
  asked.device = request.device;
  for (const int cut : request.cuts) {
    for (const std::string& codec : request.codecs) asked.points.push_back({cut, codec});
  }
  Tell(fmt::format("perplexity of {} cuts with {} codecs each", request.cuts.size(), request.codecs.size()));
  auto measured = MeasurePerplexity(asked, stopped);
  if (!measured) return Forward(measured);
  if (stopped()) return Fail(ErrorCode::kInternal, "interrupted while measuring {}", asked.model);
  return std::move(measured->result.sums);
}

// `sums` has a point for each cut and codec, in order.
void Book(const PerplexitySums& sums, MeasuredPlan& measured) {
  measured.windows = sums.windows;
  measured.ppl = Perplexity(sums.nll, sums.votes);
  size_t point = 0;
  for (PlannedCut& cut : measured.plan.cuts) {
    for (CodecAtCut& codec : cut.codecs) {
      const PointSums& of = sums.points[point++];
      codec.cost.prompt_bytes = static_cast<double>(of.bytes) / static_cast<double>(of.rows);
      codec.cost.row_bytes = static_cast<double>(of.one_row_bytes) / static_cast<double>(sums.windows);
      codec.dppl = Perplexity(of.nll, sums.votes) / measured.ppl - 1;
    }
  }
}

// The largest divisor that is no longer than a usual group.
int GroupOf(int width) {
  constexpr int kLongest = 96;
  for (int group = std::min(kLongest, width); group > 1; --group) {
    if (width % group == 0) return group;
  }
  return 1;
}

}  // namespace

std::vector<std::string> UsualCodecs(int width) {
  const std::string rot = width % 2 == 0 ? "/rot" : "";
  return {"f32",
          "f16",
          "int8/token",
          fmt::format("int4/g{}/asym{}/zstd", GroupOf(width), rot),
          fmt::format("int4/token/asym{}/zstd", rot),
          fmt::format("int4/token/step:1.35x/asym{}/zstd", rot),
          fmt::format("int4/token/step:1.27x{}/zstd", rot)};
}

Result<CutPlan> MeasureCutTimes(const PlanRequest& request, const ModelFacts& facts,
                                const std::function<bool()>& stopped) {
  const auto codecs = MeasureCodecs(request, facts.width);  // first, for it refuses what cannot be
  if (!codecs) return Forward(codecs);
  Tell(fmt::format("timing {} cuts", request.cuts.size()));
  const auto edge = MeasureHalf(Asked(request, request.threads), Half::kEdge, request.cuts, stopped);
  if (!edge) return Forward(edge);
  const auto cloud = MeasureHalf(Asked(request, request.cloud_threads), Half::kCloud, request.cuts, stopped);
  if (!cloud) return Forward(cloud);
  CutPlan plan{facts.layers, {}};
  for (size_t i = 0; i < request.cuts.size(); ++i)
    plan.cuts.push_back({{request.cuts[i], (*edge)[i], (*cloud)[i]}, *codecs});
  return plan;
}

Result<MeasuredPlan> MeasurePlan(const PlanRequest& request, const std::function<bool()>& stopped) {
  const auto facts = FactsOf(request.model);
  if (!facts) return Forward(facts);
  auto plan = MeasureCutTimes(request, *facts, stopped);
  if (!plan) return Forward(plan);
  const auto here = MeasureWhole(Asked(request, request.threads), stopped);
  if (!here) return Forward(here);
  const auto there = MeasureWhole(Asked(request, request.cloud_threads), stopped);
  if (!there) return Forward(there);
  const auto sums = MeasureLoss(request, stopped);
  if (!sums) return Forward(sums);
  MeasuredPlan measured{.request = request, .identity = Hex(facts->identity), .width = facts->width};
  measured.edge_alone_us = here->row_us;
  measured.plan = std::move(*plan);
  TakeCloud(*there, measured);
  Book(*sums, measured);
  return measured;
}

}  // namespace tandem
