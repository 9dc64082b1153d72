// See bench_figures.h.
#include "cli/bench_figures.h"

#include <algorithm>
#include <map>
#include <optional>

#include "cli/cloud_child.h"
#include "cli/contender.h"
#include "cli/figures_claims.h"
#include "cli/model_path.h"
#include "cli/statistics.h"
#include "edge/dialer.h"
#include "lab/simulated_load.h"

namespace tandem {

namespace {

constexpr int kDraftThreads = 1;  // the cloud's process gets the cores: its steps are what takes time
constexpr int kSimulatedSeeds = 5;

// Texts of one contender at one round trip.
struct Samples {
  std::vector<double> ms, predicted, bound, bytes;
  uint64_t accepted = 0, verified = 0;
};

class Bench {
 public:
  Bench(const FiguresOptions& options, const FiguresTell& tell, const std::function<bool()>& stopped)
      : options_(options), tell_(tell), stopped_(stopped) {}

  Result<Figures> Run() {
    if (Status s = Prepare(); !s) return Forward(s);
    for (const Micros rtt : options_.round_trips) {
      if (Status s = Live(rtt); !s) return Forward(s);
    }
    cloud_.Stop();
    for (const int clients : options_.clients) {
      for (const Micros rtt : options_.round_trips) Simulated(clients, rtt);
    }
    figures_.claims = ClaimsOf(figures_.rows);
    return std::move(figures_);
  }

 private:
  Status Prepare() {
    auto draft = FindModel("demo-draft-q8_0.gguf");
    if (!draft) return Forward(draft);
    if (auto target = cloud_.StartDemo(tell_, stopped_); !target) return Forward(target);
    auto edge = LoadEdgeModel(*draft, Mode::kAuto, {.threads = kDraftThreads});
    if (!edge) return Forward(edge);
    edge_ = std::move(*edge);
    return {};
  }

  Status Live(Micros rtt) {
    std::map<size_t, Samples> samples;
    const std::vector<Contender> contenders = AllContenders();
    for (int round = 0; round < options_.rounds; ++round) {
      for (size_t p = 0; p < options_.prompts.size(); ++p) {
        tell_(fmt::format("round trip {:g} ms, round {}, text {} of {}", ToMs(rtt), round + 1, p + 1,
                          options_.prompts.size()));
        std::optional<std::string> text;
        for (size_t c = 0; c < contenders.size(); ++c) {
          if (stopped_()) return Fail(ErrorCode::kInternal, "interrupted");
          auto report = WriteText(contenders[c], rtt, p);
          if (!report) return Forward(report);
          if (!text) text = report->text;
          figures_.identical = figures_.identical && *text == report->text;
          Book(*report, samples[c]);
        }
      }
    }
    for (size_t c = 0; c < contenders.size(); ++c) AddRow(contenders[c], rtt, samples[c]);
    return {};
  }

  Result<TextReport> WriteText(const Contender& contender, Micros rtt, size_t prompt) {
    WritingSpec spec;
    spec.prompt = options_.prompts[prompt];
    spec.max_tokens = options_.tokens;
    spec.sampling.seed = options_.seed + prompt;
    auto dial = MakeDialer({cloud_.url(), "", {.rtt = rtt}});
    if (!dial) return Forward(dial);
    const std::atomic<bool> never{false};
    return WriteAs(contender, std::move(spec), edge_, *dial, never);
  }

  void Book(const TextReport& report, Samples& samples) {
    const auto tokens = static_cast<double>(std::max<uint64_t>(1, report.stats.generated));
    samples.ms.push_back(report.MsPerToken());
    samples.predicted.push_back(report.stats.predicted_us / 1000);
    samples.bound.push_back(report.plan.bound_us / 1000);
    samples.bytes.push_back(static_cast<double>(report.bytes.up) / tokens);
    samples.accepted += report.stats.accepted;
    samples.verified += report.stats.verified;
    if (report.mode == Mode::kAuto) {
      costs_ = report.plan.step_costs;
      if (report.stats.drafted > 0)
        draft_us_.push_back(static_cast<double>(report.stats.edge_compute.count()) /
                            static_cast<double>(report.stats.drafted));
      accepted_ += report.stats.accepted;
      verified_ += report.stats.verified;
    }
  }

  void AddRow(const Contender& contender, Micros rtt, const Samples& samples) {
    FiguresRow row{.how = "live", .mode = contender.mode, .k = contender.k, .rtt_ms = ToMs(rtt)};
    row.ms_per_token = Median(samples.ms);
    row.predicted_ms_per_token = Median(samples.predicted);
    row.bound_ms = Median(samples.bound);
    row.uplink_bytes_per_token = Median(samples.bytes);
    if (samples.verified > 0)
      row.acceptance = static_cast<double>(samples.accepted) / static_cast<double>(samples.verified);
    figures_.rows.push_back(row);
  }

  // The live run's own costs, draft and acceptance; one client shows how far the simulation can be believed.
  void Simulated(int clients, Micros rtt) {
    if (costs_.empty() || verified_ == 0) return;
    figures_.step_ms = ToMs(costs_.front());
    figures_.draft_ms = Median(draft_us_) / 1000;
    for (const Contender& contender : AllContenders()) {
      SimulatedLoad load;
      load.clients = clients;
      load.mode = contender.mode;
      load.draft_length = std::max(1, contender.k);
      load.tokens = options_.tokens;
      load.link.rtt = rtt;
      load.step_costs = costs_;
      load.draft_cost = Micros(static_cast<int64_t>(Median(draft_us_)));
      load.acceptance = static_cast<double>(accepted_) / static_cast<double>(verified_);
      const SimulatedFigures got = SimulateSeeds(load, kSimulatedSeeds);
      figures_.rows.push_back({.how = "simulated",
                               .mode = contender.mode,
                               .k = contender.k,
                               .rtt_ms = ToMs(rtt),
                               .clients = clients,
                               .ms_per_token = got.ms_per_token,
                               .predicted_ms_per_token = got.predicted_ms_per_token,
                               .bound_ms = got.bound_ms,
                               .acceptance = got.acceptance,
                               .uplink_bytes_per_token = got.uplink_bytes_per_token});
    }
  }

  const FiguresOptions& options_;
  const FiguresTell& tell_;
  const std::function<bool()>& stopped_;
  CloudChild cloud_;
  EdgeModel edge_;
  Figures figures_;
  std::vector<Micros> costs_;  // of the last auto text
  std::vector<double> draft_us_;
  uint64_t accepted_ = 0, verified_ = 0;
};

}  // namespace

Result<Figures> MeasureFigures(const FiguresOptions& options, const FiguresTell& tell,
                               const std::function<bool()>& stopped) {
  return Bench(options, tell, stopped).Run();
}

}  // namespace tandem
