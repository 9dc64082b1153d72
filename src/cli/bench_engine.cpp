// Alternating measurements of two engines, see bench_engine.h.
#include "cli/bench_engine.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <optional>
#include <thread>

#include "base/clock.h"
#include "cli/bench_child.h"
#include "cli/bench_decoder.h"
#include "cli/bench_perplexity.h"
#include "cli/statistics.h"
#include "decode/row_rule.h"
#include "model/model.h"

namespace tandem {
namespace {

constexpr Pos kLongPrompt = 513, kShortPrompt = 193, kDecodeFrom = 64, kDecodeTokens = 64, kContext = 1024;
constexpr Pos kChunk = 512;
constexpr int kChunksAtATime = 4;  // the first wakes sleeping threads, as a text's first does
// The thread pools poll for up to 0.3 s after a step; the pause lets one side's threads sleep before the
// other is measured. With 60 ms the side that came second shared its cores with the first one's polling
// (seen: 0.6 of its speed).
constexpr std::chrono::milliseconds kPause{500};

struct Pair {
  double tandem = 0, llama = 0;
};

// Medians of `rounds` measurements of each side, taken in turn, the side that begins changing each round. The
// first round warms caches up and is not counted.
template <class Measure>
Result<Pair> Alternate(int rounds, Measure measure) {
  std::array<std::vector<double>, 2> values;
  for (int round = 0; round <= rounds; ++round) {
    for (int turn = 0; turn < 2; ++turn) {
      const int side = (round + turn) % 2;
      std::this_thread::sleep_for(kPause);
      const Result<double> value = measure(static_cast<BenchSide>(side));
      if (!value) return Forward(value);
      if (round > 0) values[static_cast<size_t>(side)].push_back(*value);
    }
  }
  return Pair{Median(values[0]), Median(values[1])};
}

// A process that does nothing but use a core. Another process, because that is what it stands for: the engine
// tells others' load from its own process's by the process clock.
class BusyLoop {
 public:
  BusyLoop() = default;
  BusyLoop(const BusyLoop&) = delete;
  BusyLoop& operator=(const BusyLoop&) = delete;
  ~BusyLoop() {
    if (pid_ <= 0) return;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }

  Status Start() {
    pid_ = fork();
    if (pid_ < 0) return Fail(ErrorCode::kResource, "cannot start a busy process: {}", strerror(errno));
    if (pid_ == 0) {  // nothing of the parent is touched
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      for (volatile bool spin = true; spin;) {
      }
    }
    return {};
  }

 private:
  pid_t pid_ = -1;
};

class EngineBench {
 public:
  EngineBench(const BenchOptions& options, const std::function<void(std::string_view)>& progress,
              const Hparams& shape, bool exactness_costs)
      : options_(options), progress_(progress), shape_(shape), exactness_costs_(exactness_costs) {}

  Result<std::vector<BenchRow>> Run() {
    for (const bool exact : {true, false}) {
      if (!exact && !exactness_costs_) continue;
      for (const int threads : {1, 2}) {
        if (Status s = Speeds(Settings(threads, exact)); !s) return Forward(s);
        if (Status s = Chunks(Settings(threads, exact)); !s) return Forward(s);
      }
      if (Status s = Loads(Settings(2, exact)); !s) return Forward(s);
    }
    return std::move(rows_);
  }

 private:
  using Decoders = std::array<std::unique_ptr<BenchDecoder>, 2>;  // by BenchSide

  bool Wanted(BenchMetric metric) const {
    const auto& m = options_.metrics;
    return m.empty() || std::find(m.begin(), m.end(), metric) != m.end();
  }

  BenchSettings Settings(int threads, bool exact) const {
    return {options_.model, threads, std::min(shape_.context, kContext), exact};
  }

  std::vector<Token> Tokens(Pos n) const {
    std::vector<Token> tokens(static_cast<size_t>(n));
    for (Pos i = 0; i < n; ++i) tokens[static_cast<size_t>(i)] = (1 + i * 97) % shape_.vocab_size;
    return tokens;
  }

  void Tell(BenchMetric metric, const BenchSettings& s) const {
    progress_(fmt::format("{} {}, {} thread{}", BenchMetricName(metric), Mode(s), s.threads,
                          s.threads == 1 ? "" : "s"));
  }

  static const char* Mode(const BenchSettings& s) { return s.exact ? "exact" : "fast"; }

  void Add(BenchMetric metric, const BenchSettings& s, const Pair& pair) {
    rows_.push_back({std::filesystem::path(s.model).filename(), metric, Mode(s), s.threads, pair.tandem,
                     pair.llama, pair.tandem / pair.llama});
  }

  Status Speeds(const BenchSettings& settings) {
    const bool busy = settings.threads == 2 && Wanted(BenchMetric::kDecodeBusy);
    if (!Wanted(BenchMetric::kPrefill) && !Wanted(BenchMetric::kDecode) && !busy) return {};
    Decoders decoders;
    for (const BenchSide side : {BenchSide::kTandem, BenchSide::kLlama}) {
      auto decoder = OpenBenchDecoder(side, settings);
      if (!decoder) return Forward(decoder);
      decoders[static_cast<size_t>(side)] = std::move(*decoder);
    }
    for (const BenchMetric metric : {BenchMetric::kPrefill, BenchMetric::kDecode, BenchMetric::kDecodeBusy}) {
      if (!Wanted(metric) || (metric == BenchMetric::kDecodeBusy && settings.threads != 2)) continue;
      Tell(metric, settings);
      BusyLoop other;
      if (metric == BenchMetric::kDecodeBusy) {
        if (Status s = other.Start(); !s) return s;
      }
      const Result<Pair> pair = Alternate(options_.rounds, [&](BenchSide side) {
        BenchDecoder& decoder = *decoders[static_cast<size_t>(side)];
        return metric == BenchMetric::kPrefill ? PrefillSpeed(decoder) : DecodeSpeed(decoder);
      });
      if (!pair) return Forward(pair);
      Add(metric, settings, *pair);
    }
    return {};
  }

  Result<double> PrefillSpeed(BenchDecoder& decoder) const {
    const std::vector<Token> tokens = Tokens(shape_.context < kLongPrompt ? kShortPrompt : kLongPrompt);
    if (Status s = decoder.Restart(); !s) return Forward(s);
    const Micros start = clock_.Now();
    if (Status s = decoder.Prompt(tokens); !s) return Forward(s);
    return 1000.0 * static_cast<double>(tokens.size()) / ToMs(clock_.Now() - start);
  }

  Result<double> DecodeSpeed(BenchDecoder& decoder) const {
    const std::vector<Token> tokens = Tokens(kDecodeFrom + kDecodeTokens);
    if (Status s = decoder.Restart(); !s) return Forward(s);
    if (Status s = decoder.Prompt(std::span(tokens).first(kDecodeFrom)); !s) return Forward(s);
    const Micros start = clock_.Now();
    for (const Token token : std::span(tokens).subspan(kDecodeFrom)) {
      if (Status s = decoder.Next(token); !s) return Forward(s);
    }
    return 1000.0 * kDecodeTokens / ToMs(clock_.Now() - start);
  }

  // A perplexity's rows are computed in bulk, where exactness costs nothing: there is no mode `fast`.
  Status Chunks(const BenchSettings& settings) {
    if (!Wanted(BenchMetric::kPerplexity) || !settings.exact) return {};
    std::array<std::unique_ptr<ChunkScorer>, 2> scorers;
    for (const BenchSide side : {BenchSide::kTandem, BenchSide::kLlama}) {
      auto scorer = OpenChunkScorer(side, settings);
      if (!scorer) return Forward(scorer);
      scorers[static_cast<size_t>(side)] = std::move(*scorer);
    }
    Tell(BenchMetric::kPerplexity, settings);
    const std::vector<Token> chunk = Tokens(std::min(settings.context, kChunk));
    const Result<Pair> pair = Alternate(options_.rounds, [&](BenchSide side) -> Result<double> {
      const Micros start = clock_.Now();
      for (int i = 0; i < kChunksAtATime; ++i) {
        const auto nll = scorers[static_cast<size_t>(side)]->Score(chunk);
        if (!nll) return Forward(nll);
      }
      return 1000.0 * kChunksAtATime * static_cast<double>(chunk.size()) / ToMs(clock_.Now() - start);
    });
    if (!pair) return Forward(pair);
    Add(BenchMetric::kPerplexity, settings, *pair);
    return {};
  }

  // Both figures come from the same children.
  Status Loads(const BenchSettings& settings) {
    const bool load = Wanted(BenchMetric::kLoadMs), memory = Wanted(BenchMetric::kPeakRssMb);
    if (!load && !memory) return {};
    Tell(load ? BenchMetric::kLoadMs : BenchMetric::kPeakRssMb, settings);
    std::array<std::vector<double>, 2> peaks;
    const Result<Pair> times = Alternate(options_.rounds, [&](BenchSide side) -> Result<double> {
      const Result<LoadCost> cost = MeasureLoad(side, settings);
      if (!cost) return Forward(cost);
      peaks[static_cast<size_t>(side)].push_back(cost->peak_rss_mb);
      return cost->load_ms;
    });
    if (!times) return Forward(times);
    if (load) Add(BenchMetric::kLoadMs, settings, *times);
    if (memory) Add(BenchMetric::kPeakRssMb, settings, {Median(peaks[0]), Median(peaks[1])});
    return {};
  }

  const BenchOptions& options_;
  const std::function<void(std::string_view)>& progress_;
  const Hparams shape_;
  const bool exactness_costs_;
  const SteadyClock clock_;
  std::vector<BenchRow> rows_;
};

}  // namespace

const char* BenchMetricName(BenchMetric metric) {
  switch (metric) {
    case BenchMetric::kPrefill:
      return "prefill";
    case BenchMetric::kDecode:
      return "decode";
    case BenchMetric::kDecodeBusy:
      return "decode_busy";
    case BenchMetric::kLoadMs:
      return "load_ms";
    case BenchMetric::kPerplexity:
      return "perplexity";
    case BenchMetric::kPeakRssMb:
      return "peak_rss_mb";
  }
  return "unknown";
}

Result<std::vector<BenchRow>> BenchEngine(const BenchOptions& options,
                                          const std::function<void(std::string_view)>& progress) {
  if (options.rounds < 1) return Fail(ErrorCode::kUsage, "rounds must be at least 1, not {}", options.rounds);
  Hparams shape;
  bool exactness_costs = false;
  {
    const auto model = Model::Load(options.model);
    if (!model) return Forward(model);
    shape = (*model)->hparams();
    exactness_costs = !TypesThatNeedPadding(**model).empty();
  }
  if (shape.context < kShortPrompt) {
    return Fail(ErrorCode::kContext, "{} has a context of {}; the bench needs {}", options.model,
                shape.context, kShortPrompt);
  }
  return EngineBench(options, progress, shape, exactness_costs).Run();
}

}  // namespace tandem
