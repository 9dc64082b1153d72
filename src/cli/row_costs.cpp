// See row_costs.h.
#include "cli/row_costs.h"

#include <time.h>

#include <algorithm>

#include "base/clock.h"
#include "decode/ggml_engine.h"
#include "model/model.h"

namespace tandem {

namespace {

constexpr int kMostTexts = 64, kMostOfOneText = 32;
constexpr int kLongStep = 32;  // rows
constexpr Pos kPrefix = 4;     // cached before the rows; attention is padded to 256 positions in any case
constexpr Pos kContext = 64;
constexpr Token kSomeToken = 1;

// Of this thread.
Micros CpuTime() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return Micros(int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1000);
}

class Meter {
 public:
  static Result<Meter> Open(const RowCostsAsked& asked) {
    auto model = Model::Load(asked.model);
    if (!model) return Forward(model);
    GgmlEngineOptions options;
    options.threads = asked.threads;
    options.context = std::min<Pos>((*model)->hparams().context, kContext);
    options.max_sequences = std::min(kMostTexts, asked.rows.back());
    auto engine = GgmlEngine::Create(*model, options);
    if (!engine) return Forward(engine);
    Meter meter(std::move(*engine), asked.threads);
    for (int i = 0; i < options.max_sequences; ++i) {
      auto seq = meter.engine_->Open();
      if (!seq) return Forward(seq);
      meter.texts_.push_back(*seq);
    }
    if (auto prefix = meter.Step(0, options.max_sequences, kPrefix); !prefix) return Forward(prefix);
    return meter;
  }

  // ms of a step of `rows` rows over `texts` texts. The first of its shape builds a graph, which is felt in
  // short steps: there the second counts.
  Result<double> Take(int rows, int texts) {
    Result<double> ms = 0.0;
    for (int i = rows < kLongStep ? 0 : 1; i < 2 && ms; ++i) {
      for (int t = 0; t < texts; ++t) {
        if (auto status = engine_->Truncate(texts_[static_cast<size_t>(t)], kPrefix); !status)
          return Forward(status);
      }
      ms = Step(kPrefix, texts, rows / texts);
    }
    return ms;
  }

 private:
  Meter(std::unique_ptr<GgmlEngine> engine, int threads)
      : alone_(threads == 1), engine_(std::move(engine)), ids_(kMostOfOneText, kSomeToken) {}

  Micros Now() const { return alone_ ? CpuTime() : clock_.Now(); }

  Result<double> Step(Pos first, int texts, int each) {
    std::vector<SeqRows> batch;
    for (int t = 0; t < texts; ++t)
      batch.push_back({.seq = texts_[static_cast<size_t>(t)],
                       .first = first,
                       .tokens = std::span(ids_).first(static_cast<size_t>(each)),
                       .logits = first == 0 ? 0 : each});
    const Micros begin = Now();
    if (auto logits = engine_->Step(batch); !logits) return Forward(logits);
    return ToMs(Now() - begin);
  }

  bool alone_;  // one thread computes: this one
  SteadyClock clock_;
  std::unique_ptr<GgmlEngine> engine_;
  std::vector<SeqId> texts_;
  std::vector<Token> ids_;
};

std::vector<RowCost> ShapesOf(const std::vector<int>& rows) {
  std::vector<RowCost> shapes;
  for (const int r : rows) {
    if (r <= kMostOfOneText) shapes.push_back({.rows = r, .texts = 1});
  }
  for (const int r : rows) {
    if (r > 1) shapes.push_back({.rows = r, .texts = std::min(r, kMostTexts)});
  }
  return shapes;
}

}  // namespace

Result<std::vector<RowCost>> MeasureRowCosts(const RowCostsAsked& asked,
                                             const std::function<bool()>& stopped) {
  auto meter = Meter::Open(asked);
  if (!meter) return Forward(meter);
  std::vector<RowCost> shapes = ShapesOf(asked.rows);
  std::vector<std::vector<double>> taken(shapes.size());
  const SteadyClock clock;
  const Micros until = clock.Now() + asked.patience;
  for (int round = 0; round < asked.rounds && (round == 0 || clock.Now() < until); ++round) {
    for (size_t i = 0; i < shapes.size(); ++i) {
      if (stopped()) return Fail(ErrorCode::kInternal, "interrupted while measuring {}", asked.model);
      auto ms = meter->Take(shapes[i].rows, shapes[i].texts);
      if (!ms) return Forward(ms);
      taken[i].push_back(*ms);
    }
  }
  for (size_t i = 0; i < shapes.size(); ++i) {
    std::sort(taken[i].begin(), taken[i].end());
    shapes[i].ms = taken[i].front();
    shapes[i].median_ms = taken[i][taken[i].size() / 2];
  }
  return shapes;
}

}  // namespace tandem
