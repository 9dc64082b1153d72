// See bench_plan.h.
#include "cli/bench_plan.h"

#include <algorithm>
#include <atomic>
#include <tuple>

#include "cli/cloud_child.h"
#include "cli/contender.h"
#include "cli/cut_planning.h"
#include "cli/demo_target.h"
#include "cli/link_terms.h"
#include "cli/model_path.h"
#include "cli/statistics.h"
#include "edge/dialer.h"

namespace tandem {

namespace {

// One on each side: a prompt keeps both at work at once, and the machine may have but two cores.
constexpr int kThreads = 1;

struct Samples {
  std::vector<double> mean, first, next;

  PredictedText Medians() const { return {Median(mean), Median(first), Median(next)}; }
};

class Bench {
 public:
  Bench(const PlanBenchOptions& options, const std::function<void(const std::string&)>& tell,
        const std::function<bool()>& stopped)
      : options_(options), tell_(tell), stopped_(stopped) {}

  Result<std::vector<PlanBenchRow>> Run() {
    if (Status s = Prepare(); !s) return Forward(s);
    for (int round = 0; round < options_.rounds; ++round) {
      tell_(fmt::format("round {} of {}", round + 1, options_.rounds));
      for (size_t i = 0; i < rows_.size(); ++i) {
        if (stopped_()) return Fail(ErrorCode::kInternal, "interrupted");
        if (Status s = WriteOne(rows_[i], round, samples_[i]); !s) return Forward(s);
      }
    }
    for (size_t i = 0; i < rows_.size(); ++i) rows_[i].measured = samples_[i].Medians();
    return std::move(rows_);
  }

 private:
  Status Prepare() {
    const auto small = FindModel("demo-target-q8_0.gguf");
    if (!small) return Forward(small);
    const auto target = PrepareDemoTarget(*small, CacheFolder() + "/demo", kThreads, tell_, stopped_);
    if (!target) return Forward(target);
    path_ = target->path;
    if (Status s = Predict(); !s) return s;
    return cloud_.Start({.model = path_, .threads = kThreads}, stopped_);
  }

  CutTerms Terms() const {
    return {.link = LinkTimesOf(options_.link.rtt, options_.link.rates),
            .text = {options_.prompt_tokens, options_.tokens}};
  }

  Status Predict() {
    const auto facts = FactsOf(path_);
    if (!facts) return Forward(facts);
    const int n = facts->layers;
    PlanRequest request;
    request.model = path_;
    request.cuts = {1, n / 2, n - 1};
    request.terms = Terms();
    request.codecs = {"f16", "int4/token/asym/rot/zstd"};
    const auto plan = MeasureCutTimes(request, *facts, stopped_);
    if (!plan) return Forward(plan);
    for (const CutOption& option : RankCuts(*plan, request.terms))
      rows_.push_back({option.begin, option.codec, Predicted(option.times), {}});
    std::sort(rows_.begin(), rows_.end(), [](const PlanBenchRow& a, const PlanBenchRow& b) {
      return std::tie(a.split, a.codec) < std::tie(b.split, b.codec);
    });
    samples_.resize(rows_.size());
    return {};
  }

  PredictedText Predicted(const SplitTimes& times) const {
    return {times.MeanUs(options_.tokens) / 1000, times.first_us / 1000, times.token_us / 1000};
  }

  // The prompt's tokens again and again, behind one begin token.
  Result<PromptIds> Prompt(const Vocab& vocab) const {
    const auto ids = vocab.Tokenize(options_.prompt, true, false);
    if (!ids) return Forward(ids);
    const size_t head = vocab.adds_bos() ? 1 : 0;
    if (ids->size() <= head) return Fail(ErrorCode::kUsage, "the prompt has no tokens");
    PromptIds prompt{*ids, {}};
    while (prompt.ids.size() < static_cast<size_t>(options_.prompt_tokens))
      prompt.ids.push_back((*ids)[head + (prompt.ids.size() - head) % (ids->size() - head)]);
    prompt.ids.resize(static_cast<size_t>(options_.prompt_tokens));
    return prompt;
  }

  Status WriteOne(const PlanBenchRow& row, int round, Samples& samples) {
    auto edge = LoadEdgeModel(path_, Mode::kCloud, {.threads = kThreads});
    if (!edge) return Forward(edge);
    auto split = LoadEdgeSplit(path_, {.begin = row.split, .codec = row.codec}, {.threads = kThreads});
    if (!split) return Forward(split);
    edge->split = std::move(*split);
    auto prompt = Prompt(*edge->vocab);
    if (!prompt) return Forward(prompt);
    WritingSpec spec;
    spec.ids = std::move(*prompt);
    spec.max_tokens = options_.tokens;
    spec.sampling.seed = options_.seed + static_cast<uint64_t>(round);
    const auto dial = MakeDialer({cloud_.url(), "", options_.link});
    if (!dial) return Forward(dial);
    const std::atomic<bool> never{false};
    const auto report = WriteAs({Mode::kSplit, 0}, std::move(spec), *edge, *dial, never);
    if (!report) return Forward(report);
    Book(*report, samples);
    return {};
  }

  void Book(const TextReport& report, Samples& samples) const {
    const auto tokens = static_cast<double>(std::max<uint64_t>(2, report.stats.generated));
    const double first = ToMs(report.stats.first_token - report.stats.started);
    const double rest = ToMs(report.stats.finished - report.stats.first_token);
    samples.first.push_back(first);
    samples.next.push_back(rest / (tokens - 1));
    // As long as the text that was predicted, should this one have ended before.
    samples.mean.push_back((first + (options_.tokens - 1) * rest / (tokens - 1)) / options_.tokens);
  }

  const PlanBenchOptions& options_;
  const std::function<void(const std::string&)>& tell_;
  const std::function<bool()>& stopped_;
  std::string path_;
  CloudChild cloud_;
  std::vector<PlanBenchRow> rows_;
  std::vector<Samples> samples_;  // one a row
};

}  // namespace

Result<std::vector<PlanBenchRow>> MeasurePredictions(const PlanBenchOptions& options,
                                                     const std::function<void(const std::string&)>& tell,
                                                     const std::function<bool()>& stopped) {
  return Bench(options, tell, stopped).Run();
}

}  // namespace tandem
