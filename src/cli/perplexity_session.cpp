// See perplexity_session.h.
#include "cli/perplexity_session.h"

#include <algorithm>

#include "base/software.h"
#include "cli/output.h"
#include "cli/perplexity_points.h"
#include "cli/progress.h"
#include "model/weights_hash.h"

namespace tandem {

namespace {

constexpr size_t kCurvePoints = 200;

std::string NameOf(const PointName& point) {
  std::string name = fmt::format("{} after {}", point.codec, point.split);
  if (!point.importance.empty()) name += fmt::format(" by {} of {}", point.importance, point.attention_layer);
  if (point.plant != 1) name += fmt::format(" planted {:g}", point.plant);
  return name;
}

RunIdentity IdentityOf(const PerplexityRequest& request, const TokenisedText& text, const ChainShape& shape,
                       const Digest& weights) {
  const WindowPlan& plan = request.plan;
  RunIdentity identity = {{"model", Hex(weights)},
                          {"text", Hex(text.digest)},
                          {"form", FormName(plan.form)},
                          {"weight", WeightName(plan.weight)},
                          {"ctx", fmt::format("{}", plan.context)},
                          {"stride", fmt::format("{}", plan.stride)},
                          {"kernels", shape.fingerprint}};
  std::string points;
  for (const PointName& point : request.points) points += NameOf(point) + "; ";
  identity.emplace_back("points", points);
  identity.emplace_back("facts", request.facts ? "yes" : "no");
  return identity;
}

class Session {
 public:
  Session(const PerplexityRequest& request, const std::function<bool()>& stopped)
      : request_(request), stopped_(stopped) {}

  Result<PerplexityMeasured> Measure() {
    auto text = ReadEvaluatedText(request_.file, request_.model, request_.plan);
    if (!text) return Forward(text);
    auto chain = StageChain::Load(request_.model, CutsOf(request_.points),
                                  {request_.plan.context, request_.threads, request_.device});
    if (!chain) return Forward(chain);
    auto points = MakePoints(request_.points, **chain, text->text, request_.model, request_.threads);
    if (!points) return Forward(points);
    return Run(std::move(*text), std::move(*chain), std::move(*points));
  }

 private:
  Result<PerplexityMeasured> Run(TokenisedText text, std::unique_ptr<StageChain> chain,
                                 std::vector<CutPoint> points) {
    const auto weights = WeightsHash(request_.model);
    if (!weights) return Forward(weights);
    PerplexityMeasured measured;
    measured.tokens = text.text.tokens.size();
    measured.planned = text.text.windows.size();
    measured.width = chain->shape().width;
    measured.layers = chain->shape().layers;
    PartialFile file(request_.partial, IdentityOf(request_, text, chain->shape(), *weights));
    auto kept = file.Read();
    if (!kept) return Forward(kept);
    if (kept->sums.windows > measured.planned)
      return Fail(ErrorCode::kUsage, "{} holds {} windows already, more than the {} that are meant",
                  request_.partial, kept->sums.windows, measured.planned);
    if (kept->sums.windows > 0)
      Tell(fmt::format("going on after {} of {} windows", kept->sums.windows, measured.planned));
    measured.result.curve = std::move(kept->curve);
    RowFacts facts(measured.layers, chain->cuts());
    if (kept->sums.windows > 0 && request_.facts && !facts.Restore(kept->facts))
      return Fail(ErrorCode::kFile, "{} is a partial result that is damaged", request_.partial);
    auto run = PerplexityRun::Make(std::move(chain), std::move(text.text), std::move(points),
                                   request_.threads, std::move(kept->sums));
    if (!run) return Forward(run);
    measured.text = std::move(text);
    if (request_.facts) run->WatchAllLayers();
    if (Status s = Windows(*run, facts, file, measured); !s) return Forward(s);
    if (request_.facts) TellFacts(facts, measured);
    return measured;
  }

  void TellFacts(const RowFacts& facts, PerplexityMeasured& measured) const {
    measured.agreements = facts.Agreements();
    const std::vector<int> cuts = CutsOf(request_.points);
    for (size_t i = 0; i < cuts.size(); ++i) measured.peaks.push_back({cuts[i], facts.Peaks(i)});
  }

  Status Windows(PerplexityRun& run, RowFacts& facts, PartialFile& file, PerplexityMeasured& measured) {
    const SteadyClock clock;
    const Micros start = clock.Now();
    const uint64_t before = run.sums().rows;
    measured.result.sums = run.sums();
    measured.result.facts = facts.sums();
    Status status;
    {
      Progress progress(stderr, run.windows() - run.sums().windows);
      while (status && !run.Done() && !stopped_()) {
        status = run.Next();
        if (status && request_.facts) status = facts.Add(run);
        if (!status) break;
        measured.result.sums = run.sums();
        measured.result.facts = facts.sums();
        Draw(run, measured.result);
        progress.Step(Estimate(run.sums()));
        status = file.Keep(measured.result, false);
      }
    }
    if (const Micros took = clock.Now() - start; run.sums().rows > before && took.count() > 0)
      measured.rows_per_s = 1000.0 * static_cast<double>(run.sums().rows - before) / ToMs(took);
    const Status kept = file.Keep(measured.result, true);
    return status ? kept : status;
  }

  static std::string Estimate(const PerplexitySums& sums) {
    std::string text = fmt::format("perplexity {:.3f}", Perplexity(sums.nll, sums.votes));
    if (sums.points.size() == 1) text += fmt::format(", {:.3f}", Perplexity(sums.points[0].nll, sums.votes));
    return text;
  }

  // A point of the curve each time a 200th of the windows is done.
  static void Draw(const PerplexityRun& run, PartialResult& result) {
    const PerplexitySums& sums = run.sums();
    const size_t each = std::max<size_t>(1, run.windows() / kCurvePoints);
    if (sums.windows % each != 0 && !run.Done()) return;
    const double point = sums.points.empty() ? 0 : Perplexity(sums.points[0].nll, sums.votes);
    const double base = Perplexity(sums.nll, sums.votes);
    if (std::isfinite(base) && std::isfinite(point)) result.curve.push_back({sums.windows, base, point});
  }

  const PerplexityRequest& request_;
  const std::function<bool()>& stopped_;
};

}  // namespace

Result<PerplexityMeasured> MeasurePerplexity(const PerplexityRequest& request,
                                             const std::function<bool()>& stopped) {
  return Session(request, stopped).Measure();
}

}  // namespace tandem
