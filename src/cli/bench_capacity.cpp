// See bench_capacity.h.
#include "cli/bench_capacity.h"

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "cli/bench_speculation.h"
#include "cli/capacity_live.h"
#include "cli/model_path.h"
#include "decode/load_engine.h"
#include "lab/roofline.h"
#include "lab/schemes.h"
#include "lab/step_curve.h"
#include "model/pad_model.h"
#include "model/vocab.h"

namespace tandem {

namespace {

const std::vector<int> kRows = {1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 128};
constexpr int kEdgeThreads = 1;
constexpr int kPaddedFeedForward = 8192;
constexpr int kLeastLayers = 6;
constexpr int kMostRooflineRows = 1088;  // 64 texts with 16 drafts each
constexpr int kLiveClients[] = {1, 4};

// What steps of one target cost the server.
struct Measured {
  std::string name;
  std::vector<RowCost> costs;
};

// One client's steps hold rows of one text; those of several clients are priced as rows of as many texts.
std::vector<Micros> CostsFor(const std::vector<RowCost>& measured, int clients) {
  std::vector<StepPoint> points;
  for (const RowCost& cost : measured) {
    if (cost.rows == 1 || (cost.texts == 1) == (clients == 1))
      points.push_back({cost.rows, Micros(std::llround(cost.ms * 1000))});
  }
  return StepCosts(points);
}

CapacityRow RowOf(std::string scheme, const SchemeLoad& load, const SimulatedFigures& figures) {
  return {.how = {},
          .target = {},
          .scheme = std::move(scheme),
          .clients = load.clients,
          .rtt_ms = ToMs(load.rtt),
          .server_tokens_per_s = figures.tokens_per_second,
          .client_ms_per_token = figures.ms_per_token,
          .server_ms_per_token = figures.server_us_per_token / 1000,
          .acceptance = figures.acceptance};
}

class Bench {
 public:
  Bench(const CapacityOptions& options, const CapacityTell& tell, const std::function<bool()>& stopped)
      : options_(options), tell_(tell), stopped_(stopped) {}

  ~Bench() {
    std::error_code ignored;
    if (!padded_.empty()) std::filesystem::remove(padded_, ignored);
  }

  Result<Capacity> Run() {
    for (const auto part :
         {&Bench::FindPair, &Bench::MeasurePair, &Bench::MeasurePadded, &Bench::CheckLive}) {
      if (stopped_()) return Fail(ErrorCode::kInternal, "interrupted");
      if (Status s = (this->*part)(); !s) return Forward(s);
    }
    Reckon();
    return std::move(capacity_);
  }

 private:
  Status FindPair() {
    auto target = FindModel("demo-target-q8_0.gguf"), draft = FindModel("demo-draft-q8_0.gguf");
    if (!target) return Forward(target);
    if (!draft) return Forward(draft);
    target_ = std::move(*target);
    draft_ = std::move(*draft);
    capacity_.threads = options_.threads;
    capacity_.cores = static_cast<int>(CoresAllowed().size());
    return {};
  }

  // Adds a curve: on the server.
  Result<std::vector<RowCost>> Measure(const std::string& name, const std::string& path) {
    tell_(fmt::format("measuring {}", name));
    auto costs = MeasureRowCosts(
        {.model = path, .threads = options_.threads, .rows = kRows, .rounds = options_.rounds}, stopped_);
    if (!costs) return costs;
    const std::vector<Micros> table = CostsFor(*costs, 2);
    capacity_.curves.push_back({name, *costs, KneeRows(table, 1.5), KneeRows(table, 2)});
    return costs;
  }

  Status MeasurePair() {
    auto target = Measure("demo target", target_);
    if (!target) return Forward(target);
    targets_.push_back({"demo", std::move(*target)});
    auto draft = Measure("demo draft", draft_);
    if (!draft) return Forward(draft);
    server_draft_ = std::move(*draft);
    auto edge = MeasureRowCosts({.model = draft_, .threads = kEdgeThreads, .rows = {1}}, stopped_);
    if (!edge) return Forward(edge);
    capacity_.edge_draft_ms = edge->front().ms;
    return MeasureAcceptance();
  }

  // Of the unpadded pair, whose texts are those of the padded targets.
  Status MeasureAcceptance() {
    tell_(fmt::format("writing {} texts for the acceptance", options_.prompts.size()));
    auto vocab = Vocab::Load(target_);
    if (!vocab) return Forward(vocab);
    auto target = LoadEngine(target_, {.threads = options_.threads});
    if (!target) return Forward(target);
    auto draft = LoadEngine(draft_, {.threads = kEdgeThreads});
    if (!draft) return Forward(draft);
    SpeculationSetup setup{.tokens = options_.tokens, .vocab = vocab->get()};
    setup.target.seed = setup.draft.seed = options_.seed;
    SpeculationCounts counts;
    for (const std::string& prompt : options_.prompts) {
      if (stopped_()) return Fail(ErrorCode::kInternal, "interrupted");
      auto ids = (*vocab)->Tokenize(prompt, true, false);
      if (!ids) return Forward(ids);
      if (Status s = Speculate({target->get(), draft->get()}, setup, *ids, counts); !s) return s;
      setup.draft.seed = ++setup.target.seed;
    }
    if (counts.verified > 0)
      capacity_.acceptance = static_cast<double>(counts.accepted) / static_cast<double>(counts.verified);
    return {};
  }

  double StepMs() const { return targets_.front().costs.front().ms; }

  // The same text at ten and a hundred times the cost, about.
  Status MeasurePadded() {
    if (options_.quick) return {};
    const std::string folder = CacheFolder() + "/capacity";
    std::error_code failed;
    std::filesystem::create_directories(folder, failed);
    if (failed) return Fail(ErrorCode::kFile, "cannot make the folder {}: {}", folder, failed.message());
    padded_ = folder + "/target.gguf";
    if (Status s = Pad(kLeastLayers); !s) return s;
    auto probe = MeasureRowCosts({.model = padded_, .threads = options_.threads, .rows = {1}}, stopped_);
    if (!probe) return Forward(probe);
    for (const double factor : {10.0, 100.0}) {
      const double layers = kLeastLayers * factor * StepMs() / probe->front().ms;
      if (Status s = Pad(std::max(kLeastLayers, static_cast<int>(std::lround(layers)))); !s) return s;
      if (Status s = MeasureTarget(); !s) return s;
    }
    return {};
  }

  Status Pad(int layers) {
    tell_(fmt::format("padding the target to {} layers", layers));
    auto report = PadModel({target_, layers, kPaddedFeedForward}, padded_);
    return report ? Status() : Forward(report);
  }

  // Named by what its step costs beside the demo target's.
  Status MeasureTarget() {
    auto costs = Measure("the padded target", padded_);
    if (!costs) return Forward(costs);
    const std::string name = fmt::format("{:.0f}x", costs->front().ms / StepMs());
    capacity_.curves.back().model = fmt::format("target {}", name);
    targets_.push_back({name, std::move(*costs)});
    return {};
  }

  SchemeLoad LoadOf(int clients) const {
    return {.clients = clients,
            .tokens = options_.tokens,
            .rtt = options_.rtt,
            .edge_draft_cost = Micros(std::llround(capacity_.edge_draft_ms * 1000)),
            .acceptance = capacity_.acceptance,
            .seed = options_.seed};
  }

  SchemeLoad LoadOf(const Measured& target, int clients) const {
    SchemeLoad load = LoadOf(clients);
    load.step_costs = CostsFor(target.costs, clients);
    load.server_draft_costs = CostsFor(server_draft_, clients);
    return load;
  }

  // The dearest target, each client a process.
  Status CheckLive() {
    if (options_.quick) return {};
    LiveServer server({.target = padded_,
                       .draft = draft_,
                       .prompts = options_.prompts,
                       .tokens = options_.tokens,
                       .rtt = options_.rtt,
                       .seed = options_.seed,
                       .threads = options_.threads},
                      stopped_);
    if (Status s = server.Start(); !s) return s;
    for (const int clients : kLiveClients) {
      const SchemeLoad load = LoadOf(targets_.back(), clients);
      const SchemeFigures simulated = CompareSchemes(load);
      if (Status s = CheckLive(server, Mode::kCloud, load, simulated.cloud); !s) return s;
      if (Status s = CheckLive(server, Mode::kAuto, load, simulated.ours); !s) return s;
    }
    return {};
  }

  Status CheckLive(LiveServer& server, Mode mode, const SchemeLoad& load, const SimulatedFigures& simulated) {
    tell_(fmt::format("live: {} clients, mode {}", load.clients, ModeName(mode)));
    auto live = server.Run(load.clients, mode);
    if (!live) return Forward(live);
    CapacityRow row = RowOf(mode == Mode::kCloud ? "cloud" : "ours", load,
                            {.ms_per_token = live->ms_per_token,
                             .acceptance = live->acceptance,
                             .tokens_per_second = live->tokens_per_second,
                             .server_us_per_token = live->server_ms_per_token * 1000});
    row.how = "live";
    row.target = targets_.back().name;
    row.speed_ratio = simulated.ms_per_token / live->ms_per_token;
    row.server_ratio = live->server_ms_per_token * 1000 / simulated.server_us_per_token;
    live_.push_back(row);
    return {};
  }

  void Add(const std::string& how, const std::string& target, const SchemeLoad& load) {
    const SchemeFigures figures = CompareSchemes(load);
    std::vector<CapacityRow> rows = {RowOf("cloud", load, figures.cloud),
                                     RowOf("server", load, figures.server),
                                     RowOf("ours", load, figures.ours)};
    rows[1].k = figures.k;
    for (CapacityRow& row : rows) {
      row.how = how;
      row.target = target;
      capacity_.rows.push_back(std::move(row));
    }
  }

  void Reckon() {
    for (const Measured& target : targets_) {
      for (const int clients : options_.clients) Add("simulated", target.name, LoadOf(target, clients));
    }
    capacity_.rows.insert(capacity_.rows.end(), live_.begin(), live_.end());
    for (const RooflinePair& pair : RooflinePairs()) {
      for (const int clients : options_.clients) AddRoofline(pair, clients);
    }
  }

  void AddRoofline(const RooflinePair& pair, int clients) {
    SchemeLoad load = LoadOf(clients);
    load.step_costs = RooflineCosts(pair.server, pair.target, clients, kMostRooflineRows);
    load.server_draft_costs = RooflineCosts(pair.server, pair.draft, clients, kMostRooflineRows);
    load.edge_draft_cost = RooflineCosts(pair.edge, pair.edge_draft, 1, 1).front();
    Add("roofline", fmt::format("{} on {}", pair.target.name, pair.server.name), load);
  }

  const CapacityOptions& options_;
  const CapacityTell& tell_;
  const std::function<bool()>& stopped_;
  std::string target_, draft_;
  std::string padded_;                 // made here, and gone in the end
  std::vector<Measured> targets_;      // by rising cost
  std::vector<RowCost> server_draft_;  // the draft on the server
  std::vector<CapacityRow> live_;
  Capacity capacity_;
};

}  // namespace

Result<Capacity> MeasureCapacity(const CapacityOptions& options, const CapacityTell& tell,
                                 const std::function<bool()>& stopped) {
  return Bench(options, tell, stopped).Run();
}

}  // namespace tandem
