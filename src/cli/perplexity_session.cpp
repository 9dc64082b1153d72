// See perplexity_session.h.
#include "cli/perplexity_session.h"

#include <algorithm>

#include "base/software.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "model/weights_hash.h"

namespace tandem {

namespace {

constexpr size_t kCurvePoints = 200;
constexpr size_t kCalibrationWindows = 1;

std::vector<int> CutsOf(const std::vector<PointName>& points) {
  std::vector<int> cuts;
  for (const PointName& point : points) cuts.push_back(point.split);
  std::sort(cuts.begin(), cuts.end());
  cuts.erase(std::unique(cuts.begin(), cuts.end()), cuts.end());
  return cuts;
}

bool WantsCalibration(const RowCodecSpec& spec) {
  return spec.span == ScaleSpan::kChannel || spec.sinks == SinkRule::kThreshold;
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
  for (const PointName& point : request.points) points += fmt::format("{}:{} ", point.split, point.codec);
  identity.emplace_back("points", points);
  return identity;
}

class Session {
 public:
  Session(const PerplexityRequest& request, const std::function<bool()>& stopped)
      : request_(request), stopped_(stopped) {}

  Result<PerplexityMeasured> Measure() {
    auto text = ReadEvaluatedText(request_.file, request_.model, request_.plan);
    if (!text) return Forward(text);
    cuts_ = CutsOf(request_.points);
    auto chain =
        StageChain::Load(request_.model, cuts_, {request_.plan.context, request_.threads, request_.device});
    if (!chain) return Forward(chain);
    auto points = MakePoints(**chain, text->text);
    if (!points) return Forward(points);
    return Run(std::move(*text), std::move(*chain), std::move(*points));
  }

 private:
  Result<std::vector<CutPoint>> MakePoints(StageChain& chain, const EvaluatedText& text) {
    std::vector<CutPoint> points;
    std::vector<std::vector<float>> sample;
    for (const PointName& name : request_.points) {
      const auto spec = ParseRowCodec(name.codec);
      if (!spec) return Forward(spec);
      if (WantsCalibration(*spec) && sample.empty()) {
        auto rows = SampleRows(chain, text, kCalibrationWindows);
        if (!rows) return Forward(rows);
        sample = std::move(*rows);
      }
      const auto cut = static_cast<size_t>(std::find(cuts_.begin(), cuts_.end(), name.split) - cuts_.begin());
      const auto width = static_cast<size_t>(chain.shape().width);
      RowCalibration calibration;
      if (WantsCalibration(*spec)) {
        auto measured = Calibrate(*spec, {sample[cut], width});
        if (!measured) return Forward(measured);
        calibration = std::move(*measured);
      }
      auto codec = RowCodec::Make(*spec, width, calibration);
      if (!codec) return Forward(codec);
      points.push_back({cut, std::move(*codec)});
    }
    return points;
  }

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
    auto run = PerplexityRun::Make(std::move(chain), std::move(text.text), std::move(points),
                                   request_.threads, std::move(kept->sums));
    if (!run) return Forward(run);
    measured.text = std::move(text);
    if (Status s = Windows(*run, file, measured); !s) return Forward(s);
    return measured;
  }

  Status Windows(PerplexityRun& run, PartialFile& file, PerplexityMeasured& measured) {
    const SteadyClock clock;
    const Micros start = clock.Now();
    const uint64_t before = run.sums().rows;
    Status status;
    {
      Progress progress(stderr, run.windows() - run.sums().windows);
      while (status && !run.Done() && !stopped_()) {
        status = run.Next();
        if (!status) break;
        measured.result.sums = run.sums();
        Draw(run, measured.result);
        progress.Step(Estimate(run.sums()));
        status = file.Keep(measured.result, false);
      }
    }
    measured.result.sums = run.sums();
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
  std::vector<int> cuts_;
};

}  // namespace

Result<PerplexityMeasured> MeasurePerplexity(const PerplexityRequest& request,
                                             const std::function<bool()>& stopped) {
  return Session(request, stopped).Measure();
}

}  // namespace tandem
