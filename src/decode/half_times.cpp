// See half_times.h.
#include "decode/half_times.h"

#include <algorithm>
#include <memory>
#include <tuple>
#include <utility>

#include "base/clock.h"
#include "decode/ggml_engine.h"
#include "decode/prefill.h"

namespace tandem {

namespace {

constexpr Token kSomeToken = 1;
constexpr float kSomeValue = 0.1f;  // of rows: no step's time depends on it

double Median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

// One side of one cut.
class Meter {
 public:
  Meter(std::unique_ptr<GgmlEngine> engine, Pos position)
      : engine_(std::move(engine)),
        ids_(kBulkRows, kSomeToken),
        hidden_(static_cast<size_t>(kBulkRows) * static_cast<size_t>(engine_->info().input_width),
                kSomeValue),
        position_(position) {}

  Status Open() {
    const auto seq = engine_->Open();
    if (!seq) return Forward(seq);
    seq_ = *seq;
    for (Pos at = 0; at < position_; at += kBulkRows) {
      if (const auto us = Step(kBulkRows, true); !us) return Forward(us);
    }
    return {};
  }

  // us; the first of its shape builds a graph, so the second counts.
  Result<double> Take(int rows, bool bulk) {
    Result<double> us = 0.0;
    for (int i = 0; i < 2 && us; ++i) {
      if (Status s = engine_->Truncate(seq_, position_); !s) return Forward(s);
      us = Step(rows, bulk);
    }
    return us;
  }

 private:
  // A block's rows are a prompt's, of which no logits are wanted; of small steps the last row's are.
  Result<double> Step(int rows, bool bulk) {
    const auto count = static_cast<size_t>(rows);
    const auto width = static_cast<size_t>(engine_->info().input_width);
    SeqRows batch{.seq = seq_,
                  .first = engine_->Length(seq_),
                  .tokens = std::span(ids_).first(count),
                  .bulk = bulk,
                  .logits = rows == 1 ? 1 : 0};
    if (width > 0) batch.hidden = std::span(hidden_).first(count * width);
    const Micros begin = clock_.Now();
    if (const auto out = engine_->Step({&batch, 1}); !out) return Forward(out);
    return static_cast<double>((clock_.Now() - begin).count());
  }

  SteadyClock clock_;
  std::unique_ptr<GgmlEngine> engine_;
  std::vector<Token> ids_;
  std::vector<float> hidden_;
  Pos position_;
  SeqId seq_ = 0;
};

struct Samples {
  std::vector<double> row, tail, block;

  HalfTimes Medians() const {
    return {.row_us = Median(row),
            .tail_us = tail.empty() ? 0 : Median(tail),
            .block_us = block.empty() ? 0 : Median(block)};
  }
};

// One round of a meter. A head alone has nothing to do with rows that are not judged.
Status Add(Meter& meter, bool head_alone, Samples& samples) {
  for (auto [rows, bulk, into] :
       {std::tuple(1, false, &samples.row), std::tuple(kTailRows, false, &samples.tail),
        std::tuple(static_cast<int>(kBulkRows), true, &samples.block)}) {
    if (head_alone && rows > 1) continue;
    const auto us = meter.Take(rows, bulk);
    if (!us) return Forward(us);
    into->push_back(*us);
  }
  return {};
}

// Caches are as short as the measurement needs: there is one a cut.
Result<std::unique_ptr<GgmlEngine>> LoadWhole(const std::shared_ptr<const Model>& model,
                                              const HalfTimesAsked& asked, Pos context) {
  if (model->hparams().context < kBulkRows)
    return Fail(ErrorCode::kContext, "{} has a context of {}: too short for a block of {}", asked.model,
                model->hparams().context, kBulkRows);
  GgmlEngineOptions options;
  options.threads = asked.threads;
  options.context = context;
  options.max_rows = kBulkRows;
  return GgmlEngine::Create(model, options);
}

// The model and what measures each of its cuts.
class HalfMeters {
 public:
  static Result<HalfMeters> Load(const HalfTimesAsked& asked, Half half, std::span<const int> cuts) {
    LoadOptions load;
    load.device = asked.device;
    const auto model = Model::Load(asked.model, load);
    if (!model) return Forward(model);
    const Hparams& shape = (*model)->hparams();
    const Pos position = PrefixOf(asked, shape.context);
    auto whole = LoadWhole(*model, asked, std::min<Pos>(shape.context, position + kBulkRows));
    if (!whole) return Forward(whole);
    HalfMeters meters;
    for (const int cut : cuts) {
      if (cut < 0 || cut > shape.layers)
        return Fail(ErrorCode::kUsage, "a cut behind {} layers of a model that has {}", cut, shape.layers);
      const StageRange stages =
          half == Half::kEdge ? StageRange{0, cut + 1} : StageRange{cut + 1, shape.layers + 2};
      auto engine = GgmlEngine::Beside(**whole, stages);
      if (!engine) return Forward(engine);
      meters.alone_.push_back(half == Half::kCloud && cut == shape.layers);
      meters.meters_.emplace_back(std::move(*engine), meters.alone_.back() ? 0 : position);
      if (Status s = meters.meters_.back().Open(); !s) return Forward(s);
    }
    meters.samples_.resize(cuts.size());
    return meters;
  }

  Status Round() {
    for (size_t i = 0; i < meters_.size(); ++i) {
      if (Status s = Add(meters_[i], alone_[i], samples_[i]); !s) return s;
    }
    return {};
  }

  std::vector<HalfTimes> Times() const {
    std::vector<HalfTimes> times;
    for (const Samples& samples : samples_) times.push_back(samples.Medians());
    return times;
  }

 private:
  // Whole blocks, and one more must fit behind them.
  static Pos PrefixOf(const HalfTimesAsked& asked, Pos context) {
    const Pos most = std::max<Pos>(0, context - kBulkRows);
    return std::min<Pos>(std::max(0, asked.position), most) / kBulkRows * kBulkRows;
  }

  std::vector<bool> alone_;  // the head without layers
  std::vector<Meter> meters_;
  std::vector<Samples> samples_;
};

}  // namespace

Result<std::vector<HalfTimes>> MeasureHalf(const HalfTimesAsked& asked, Half half, std::span<const int> cuts,
                                           const std::function<bool()>& stopped) {
  auto meters = HalfMeters::Load(asked, half, cuts);
  if (!meters) return Forward(meters);
  for (int round = 0; round < asked.rounds; ++round) {
    if (stopped()) return Fail(ErrorCode::kInternal, "interrupted while measuring {}", asked.model);
    if (Status s = meters->Round(); !s) return Forward(s);
  }
  return meters->Times();
}

}  // namespace tandem
