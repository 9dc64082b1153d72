// See bench_doubt.h.
#include "cli/bench_doubt.h"

#include <algorithm>
#include <limits>

#include "decode/load_engine.h"
#include "lab/step_curve.h"
#include "model/vocab.h"

namespace tandem {

namespace {

struct Cast {
  std::unique_ptr<Engine> target, draft;
  std::shared_ptr<const Vocab> vocab;
};

Result<Cast> Load(const DoubtOptions& options) {
  Cast cast;
  for (const auto& [place, path] :
       {std::pair{&cast.target, &options.target}, {&cast.draft, &options.draft}}) {
    auto engine = LoadEngine(*path, {.threads = options.threads});
    if (!engine) return Forward(engine);
    *place = std::move(*engine);
  }
  const int vocab = cast.target->info().vocab_size, other = cast.draft->info().vocab_size;
  if (vocab != other)
    return Fail(ErrorCode::kModel, "the target has {} tokens and the draft {}", vocab, other);
  auto loaded = Vocab::Load(options.target);
  if (!loaded) return Forward(loaded);
  cast.vocab = *loaded;
  return cast;
}

using Trace = std::vector<DraftSample>;

// Of all prompts, one after the other.
Result<std::vector<Trace>> Record(const DoubtOptions& options, const Cast& cast, float temperature,
                                  const std::function<bool()>& stopped) {
  std::vector<Trace> traces;
  SamplingParams params{.seed = options.seed, .temperature = temperature};
  for (const std::string& prompt : options.prompts) {
    if (stopped()) return Fail(ErrorCode::kInternal, "interrupted");
    auto ids = cast.vocab->Tokenize(prompt, true, false);
    if (!ids) return Forward(ids);
    if (ids->empty()) return Fail(ErrorCode::kUsage, "the prompt '{}' has no tokens", prompt);
    auto trace = TraceDrafts({cast.target.get(), cast.draft.get()}, params, *ids, options.tokens,
                             [&](Token id) { return cast.vocab->IsEnd(id); });
    if (!trace) return Forward(trace);
    traces.push_back(std::move(*trace));
    ++params.seed;
  }
  return traces;
}

Trace Joined(const std::vector<Trace>& traces) {
  Trace all;
  for (const Trace& trace : traces) all.insert(all.end(), trace.begin(), trace.end());
  return all;
}

// The cloud and edge of the simulated loads, as `tandem bench figures` measured them (docs/bench.md): the
// padded demo target's t(rows) and the demo draft on two cores of an AMD EPYC.
const std::vector<StepPoint>& Steps() {
  static const std::vector<StepPoint> points = {
      {1, Micros{48'700}}, {4, Micros{70'600}}, {16, Micros{209'500}}};
  return points;
}
constexpr Micros kDraftCost{1'100};
constexpr int kPlays = 48;  // texts of a load, at least
constexpr int kFewestSeeds = 3;

std::vector<DraftMoment> MomentsOf(const Trace& trace, bool known) {
  std::vector<DraftMoment> moments;
  for (const DraftSample& draft : trace)
    moments.push_back(
        {known ? draft.Of(Surety::kMargin) : std::numeric_limits<double>::infinity(), draft.stands});
  return moments;
}

DoubtRow Simulated(const Trace& trace, float temperature, int clients, Micros rtt) {
  SimulatedLoad load;
  load.clients = clients;
  load.link.rtt = rtt;
  load.step_costs = StepCosts(Steps());
  load.draft_cost = kDraftCost;
  load.trace = MomentsOf(trace, false);
  const int seeds = std::max(kFewestSeeds, kPlays / clients);
  DoubtRow row{.temperature = temperature, .clients = clients, .rtt = rtt};
  row.best_ms = std::numeric_limits<double>::infinity();
  for (const Contender& contender : AllContenders()) {
    load.mode = contender.mode;
    load.draft_length = std::max(1, contender.k);
    const SimulatedFigures figures = SimulateSeeds(load, seeds);
    if (contender.mode == Mode::kAuto) {
      row.hidden = figures;
    } else if (figures.ms_per_token < row.best_ms) {
      row.best_ms = figures.ms_per_token;
      row.best = contender;
    }
  }
  load.mode = Mode::kAuto;
  load.trace = MomentsOf(trace, true);
  row.known = SimulateSeeds(load, seeds);
  return row;
}

}  // namespace

Result<DoubtFigures> MeasureDoubt(const DoubtOptions& options,
                                  const std::function<void(std::string_view)>& progress,
                                  const std::function<bool()>& stopped) {
  if (options.prompts.empty()) return Fail(ErrorCode::kUsage, "there are 0 prompts, at least 1 is needed");
  const Result<Cast> cast = Load(options);
  if (!cast) return Forward(cast);
  DoubtFigures figures;
  for (const float temperature : options.temperatures) {
    progress(fmt::format("{} texts at temperature {:g}", options.prompts.size(), temperature));
    const auto traces = Record(options, *cast, temperature, stopped);
    if (!traces) return Forward(traces);
    const Trace all = Joined(*traces);
    for (size_t i = 0; i < kSureties; ++i) {
      const auto surety = static_cast<Surety>(i);
      figures.sureties.push_back({temperature, surety, Separation(all, surety)});
    }
    for (const CalibrationBin& bin : Calibrate(*traces)) figures.calibration.push_back({temperature, bin});
    for (const int clients : options.clients) {
      progress(fmt::format("simulating {} clients at temperature {:g}", clients, temperature));
      for (const Micros rtt : options.round_trips) {
        if (stopped()) return Fail(ErrorCode::kInternal, "interrupted");
        figures.rows.push_back(Simulated(all, temperature, clients, rtt));
      }
    }
  }
  return figures;
}

}  // namespace tandem
