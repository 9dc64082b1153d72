// See bench_split.h.
#include "cli/bench_split.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <map>
#include <set>

#include "cli/cloud_child.h"
#include "cli/contender.h"
#include "cli/model_path.h"
#include "cli/statistics.h"
#include "edge/dialer.h"

namespace tandem {

namespace {

constexpr int kCloudThreads = 2, kDraftThreads = 1;
constexpr int32_t kChunks[] = {1, 2, 4};

enum class Cut { kWhole, kFront, kEnds };

const char* NameOf(Cut cut) {
  return cut == Cut::kWhole ? "whole" : cut == Cut::kFront ? "split" : "ends";
}

// One way of writing: where, how far away, how far ahead.
struct Way {
  Cut cut = Cut::kFront;
  Micros rtt{0};
  int32_t k = 0;
};

struct Samples {
  std::vector<double> ms, up, down;
  uint64_t accepted = 0, verified = 0;
  std::vector<Micros> costs;
};

class Bench {
 public:
  Bench(const SplitBenchOptions& options, const std::function<void(const std::string&)>& tell,
        const std::function<bool()>& stopped)
      : options_(options), tell_(tell), stopped_(stopped) {}

  Result<SplitBench> Run() {
    if (Status s = Prepare(); !s) return Forward(s);
    const std::vector<Way> ways = Ways();
    std::vector<Samples> samples(ways.size());
    for (size_t p = 0; p < options_.prompts.size(); ++p) {
      tell_(fmt::format("text {} of {}", p + 1, options_.prompts.size()));
      for (size_t w = 0; w < ways.size(); ++w) {
        if (stopped_()) return Fail(ErrorCode::kInternal, "interrupted");
        if (Status s = WriteOne(ways[w], p, samples[w]); !s) return Forward(s);
      }
    }
    for (size_t w = 0; w < ways.size(); ++w) AddRow(ways[w], samples[w]);
    return std::move(bench_);
  }

 private:
  // Whole, and cut without a link's delay; then over the link, with look-ahead and without.
  std::vector<Way> Ways() const {
    std::vector<Way> ways = {{.cut = Cut::kWhole}};
    for (const Cut cut : {Cut::kFront, Cut::kEnds}) {
      ways.push_back({.cut = cut});
      ways.push_back({.cut = cut, .rtt = options_.rtt});
      for (const int32_t k : kChunks) ways.push_back({.cut = cut, .rtt = options_.rtt, .k = k});
    }
    return ways;
  }

  Status Prepare() {
    const auto draft = FindModel("demo-draft-q8_0.gguf");
    if (!draft) return Forward(draft);
    auto target = cloud_.StartDemo(tell_, stopped_);
    if (!target) return Forward(target);
    auto whole = LoadEdgeModel(target->path, Mode::kEdge, {.threads = kCloudThreads});
    if (!whole) return Forward(whole);
    whole_ = std::move(*whole);
    auto edge = LoadEdgeModel(*draft, Mode::kSpeculate, {.threads = kDraftThreads});
    if (!edge) return Forward(edge);
    draft_ = std::move(edge->draft);
    SplitPlan plan{.begin = options_.split, .codec = options_.codec};
    if (Status s = Load(target->path, plan, front_); !s) return s;
    plan.end = target->layers - std::max(1, options_.split);
    plan.codec_back = plan.codec;
    return Load(target->path, plan, ends_);
  }

  Status Load(const std::string& path, const SplitPlan& plan, EdgeModel& edge) const {
    auto split = LoadEdgeSplit(path, plan, {.threads = kCloudThreads});
    if (!split) return Forward(split);
    edge.vocab = whole_.vocab;
    edge.split = std::move(*split);
    return {};
  }

  EdgeModel& ModelOf(Cut cut) { return cut == Cut::kWhole ? whole_ : cut == Cut::kFront ? front_ : ends_; }

  Status WriteOne(const Way& way, size_t prompt, Samples& samples) {
    WritingSpec spec;
    spec.prompt = options_.prompts[prompt];
    spec.max_tokens = options_.tokens;
    spec.sampling.seed = options_.seed + prompt;
    const auto dial = MakeDialer({cloud_.url(), "", {.rtt = way.rtt}});
    if (!dial) return Forward(dial);
    const std::atomic<bool> never{false};
    EdgeModel& edge = ModelOf(way.cut);
    if (way.k > 0) edge.draft = std::move(draft_);
    const Contender contender{way.cut == Cut::kWhole ? Mode::kEdge : Mode::kSplit, way.k};
    const auto report = WriteAs(contender, std::move(spec), edge, *dial, never);
    if (way.k > 0) draft_ = std::move(edge.draft);
    if (!report) return Forward(report);
    Book(way, prompt, *report, samples);
    return {};
  }

  void Book(const Way& way, size_t prompt, const TextReport& report, Samples& samples) {
    // The first token waits for the prompt, wherever that is computed: what follows is decoding.
    const auto tokens = static_cast<double>(std::max<uint64_t>(2, report.stats.generated));
    samples.ms.push_back(ToMs(report.stats.finished - report.stats.first_token) / (tokens - 1));
    samples.up.push_back(static_cast<double>(report.bytes.up) / tokens);
    samples.down.push_back(static_cast<double>(report.bytes.down) / tokens);
    samples.accepted += report.stats.accepted;
    samples.verified += report.stats.verified;
    if (!report.plan.step_costs.empty()) samples.costs = report.plan.step_costs;
    if (way.cut == Cut::kWhole) return;
    const auto [first, added] = texts_.try_emplace({way.cut, prompt}, report.text);
    if (first->second != report.text) differs_.insert(way.cut);
  }

  void AddRow(const Way& way, const Samples& samples) {
    SplitBenchRow row{.how = NameOf(way.cut), .k = way.k, .rtt_ms = ToMs(way.rtt)};
    row.ms_per_token = Median(samples.ms);
    row.uplink_bytes_per_token = Median(samples.up);
    row.downlink_bytes_per_token = Median(samples.down);
    row.identical = !differs_.contains(way.cut);
    if (!samples.costs.empty()) bench_.step_ms = ToMs(samples.costs.front());
    if (samples.verified > 0) {
      row.acceptance = static_cast<double>(samples.accepted) / static_cast<double>(samples.verified);
      const auto rtt_us = static_cast<double>(way.rtt.count());
      row.bound_ms = SplitBoundUs(samples.costs, row.acceptance, rtt_us) / 1000;
    }
    bench_.rows.push_back(row);
  }

  const SplitBenchOptions& options_;
  const std::function<void(const std::string&)>& tell_;
  const std::function<bool()>& stopped_;
  CloudChild cloud_;
  EdgeModel whole_, front_, ends_;
  std::unique_ptr<Engine> draft_;
  std::map<std::pair<Cut, size_t>, std::string> texts_;  // by cut and prompt
  std::set<Cut> differs_;                                // whose rows do not all give one text
  SplitBench bench_;
};

}  // namespace

double SplitBoundUs(const std::vector<Micros>& step_us, double acceptance, double rtt_us) {
  if (step_us.empty()) return 0;
  const double a = std::clamp(acceptance, 0.0, 0.999);
  double best = std::numeric_limits<double>::infinity();
  for (size_t c = 0; c < step_us.size(); ++c) {
    const double steps = 1 / (1 - std::pow(a, static_cast<double>(c) + 1));
    const double branch_us = rtt_us + steps * static_cast<double>(step_us[c].count());
    best = std::min(best, branch_us * (1 - a));
  }
  return best;
}

Result<SplitBench> MeasureSplit(const SplitBenchOptions& options,
                                const std::function<void(const std::string&)>& tell,
                                const std::function<bool()>& stopped) {
  // The first bench's models and its cloud are gone when the second loads its own.
  auto bench = Bench(options, tell, stopped).Run();
  if (!bench) return bench;
  auto prompt = MeasureSplitPrompt(options.prompt, options.codec, tell, stopped);
  if (!prompt) return Forward(prompt);
  bench->prompt = *prompt;
  return bench;
}

}  // namespace tandem
