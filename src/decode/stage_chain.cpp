// See stage_chain.h.
#include "decode/stage_chain.h"

#include <algorithm>
#include <iterator>

#include "decode/ggml_engine.h"
#include "decode/prefill.h"

namespace tandem {

namespace {

constexpr int kMaxRows = 512;                       // of a step
constexpr size_t kMostLogitBytes = 128 << 20;       // of a step
constexpr size_t kMostRowValues = size_t{1} << 28;  // at one cut: 1 GiB of floats

int WholeBlocks(int rows) {
  return rows / kBulkRows * kBulkRows;
}

int MostWanted(int vocab) {
  const size_t rows = kMostLogitBytes / (sizeof(float) * static_cast<size_t>(vocab));
  return std::max<int>(kBulkRows, WholeBlocks(static_cast<int>(std::min<size_t>(rows, kMaxRows))));
}

struct Part {
  std::unique_ptr<GgmlEngine> engine;
  SeqId seq = 0;
  StageRange stages;
};

}  // namespace

std::vector<WindowStep> PlanWindow(int length, int wanted, int max_rows, int most_wanted) {
  std::vector<WindowStep> steps;
  const int first_wanted = length - wanted;
  for (int at = 0; at < length;) {
    int end = std::min({length, at + max_rows, std::max(at, first_wanted) + most_wanted});
    const bool bulk = end - at >= kBulkRows;
    if (bulk) end = at + WholeBlocks(end - at);
    steps.push_back({at, end - at, bulk, std::max(0, end - std::max(at, first_wanted))});
    at = end;
  }
  return steps;
}

struct StageChain::Parts {
  ChainShape shape;
  std::vector<int> cuts;
  std::vector<Part> parts;  // cuts.size() + 1
  int most_wanted = kBulkRows;

  Status Add(const GgmlEngine& whole, StageRange stages) {
    auto engine = GgmlEngine::Beside(whole, stages);
    if (!engine) return Forward(engine);
    const auto seq = (*engine)->Open();
    if (!seq) return Forward(seq);
    parts.push_back({std::move(*engine), *seq, stages});
    return {};
  }

  Status Restart(size_t from) {
    for (size_t i = from; i < parts.size(); ++i) {
      if (Status s = parts[i].engine->Truncate(parts[i].seq, 0); !s) return s;
    }
    return {};
  }
};

namespace {

// One run over a window, from the part behind cut `from` on (0: from the ids).
class WindowRun {
 public:
  WindowRun(std::span<Part> parts, int layers, const StageChain::LogitsSink& sink)
      : parts_(parts), layers_(layers), sink_(sink) {}

  void TakeRows(std::vector<std::vector<float>>* at_cuts) { at_cuts_ = at_cuts; }

  // Gives every part a probe of its own layers.
  void Probe(const AttentionProbe& asked) {
    for (const Part& part : parts_) {
      std::vector<int> own;
      for (const LayerProbe& layer : asked.layers) {
        if (layer.layer >= part.stages.FirstLayer() && layer.layer < part.stages.LastLayer(layers_) &&
            !IsHeadAlone(part))
          own.push_back(layer.layer);
      }
      probes_.emplace_back(own);
    }
  }
  AttentionProbe Probed() {
    AttentionProbe all;
    for (AttentionProbe& probe : probes_) {
      if (probe.layers.empty()) continue;
      all.heads = probe.heads;
      all.rows = probe.rows;
      std::move(probe.layers.begin(), probe.layers.end(), std::back_inserter(all.layers));
    }
    return all;
  }

  int delivered() const { return delivered_; }

  // One step through all parts: ids for the part with the embedding, else hidden rows.
  Status Pass(const WindowStep& step, std::span<const Token> ids, std::span<const float> rows) {
    hidden_.assign(rows.begin(), rows.end());
    for (size_t i = 0; i < parts_.size(); ++i) {
      if (IsHeadAlone(parts_[i]) && step.wanted == 0) return {};
      const bool first = parts_[i].stages.HasEmbedding();
      AttentionProbe* probe = probes_.empty() || probes_[i].layers.empty() ? nullptr : &probes_[i];
      const auto out = Step(parts_[i], step, first ? ids : std::span<const Token>{}, probe);
      if (!out) return Forward(out);
      if (i + 1 == parts_.size()) return step.wanted > 0 ? Deliver(step, *out) : Status{};
      hidden_.clear();
      for (int row = 0; row < out->rows(); ++row)
        hidden_.insert(hidden_.end(), (*out)[row].begin(), (*out)[row].end());
      if (at_cuts_ != nullptr) (*at_cuts_)[i].insert((*at_cuts_)[i].end(), hidden_.begin(), hidden_.end());
    }
    return {};
  }

 private:
  bool IsHeadAlone(const Part& part) const { return part.stages.begin == layers_ + 1; }

  Result<LogitsView> Step(Part& part, const WindowStep& step, std::span<const Token> ids,
                          AttentionProbe* probe) {
    const bool head = IsHeadAlone(part);
    const StageRows rows{part.seq, part.engine->Length(part.seq), head ? step.wanted : step.rows,
                         step.bulk && !head, step.wanted};
    return part.engine->StepStages({{&rows, 1}, ids, hidden_}, probe);
  }

  Status Deliver(const WindowStep& step, const LogitsView& logits) {
    const int first = delivered_;
    delivered_ += step.wanted;
    return sink_(first, logits);
  }

  const std::span<Part> parts_;
  const int layers_;
  const StageChain::LogitsSink& sink_;
  std::vector<std::vector<float>>* at_cuts_ = nullptr;
  std::vector<AttentionProbe> probes_;  // none, or one a part
  std::vector<float> hidden_;
  int delivered_ = 0;
};

}  // namespace

StageChain::StageChain(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
StageChain::~StageChain() = default;

const ChainShape& StageChain::shape() const {
  return parts_->shape;
}

size_t StageChain::cuts() const {
  return parts_->cuts.size();
}

int StageChain::RowsAtCut(size_t cut, int length, int wanted) const {
  return parts_->cuts[cut] == parts_->shape.layers ? wanted : length;
}

Result<std::unique_ptr<StageChain>> StageChain::Load(const std::string& path, std::span<const int> cuts,
                                                     const StageChainOptions& options) {
  auto model = Model::Load(path, {.device = options.device});
  if (!model) return Forward(model);
  const Hparams hp = (*model)->hparams();
  for (size_t i = 0; i < cuts.size(); ++i) {
    if (cuts[i] < 0 || cuts[i] > hp.layers)
      return Fail(ErrorCode::kUsage, "a cut after {} layers, but {} has {}", cuts[i], path, hp.layers);
    if (i > 0 && cuts[i] <= cuts[i - 1])
      return Fail(ErrorCode::kUsage, "cuts after {} and {} layers are not in order", cuts[i - 1], cuts[i]);
  }
  GgmlEngineOptions engine_options;
  engine_options.context = options.context;
  engine_options.threads = options.threads;
  engine_options.max_rows = kMaxRows;
  engine_options.poll = false;  // between steps the cores reckon losses
  const auto whole = GgmlEngine::Create(*model, engine_options);
  if (!whole) return Forward(whole);
  const EngineInfo& info = (*whole)->info();
  auto chain = std::make_unique<Parts>();
  chain->cuts.assign(cuts.begin(), cuts.end());
  chain->shape = {info.model_name, hp.layers,    hp.width,        info.vocab_size,
                  hp.context,      info.context, info.fingerprint};
  for (size_t i = 0; i <= cuts.size(); ++i) {
    const int begin = i == 0 ? 0 : cuts[i - 1] + 1;
    const int end = i == cuts.size() ? hp.layers + 2 : cuts[i] + 1;
    if (Status s = chain->Add(**whole, {begin, end}); !s) return Forward(s);
  }
  chain->most_wanted = MostWanted(info.vocab_size);
  if (!cuts.empty() && static_cast<size_t>(info.context) * static_cast<size_t>(hp.width) > kMostRowValues)
    return Fail(ErrorCode::kResource, "{} rows of {} values at a cut are more than {} values", info.context,
                hp.width, kMostRowValues);
  return std::unique_ptr<StageChain>(new StageChain(std::move(chain)));
}

Status StageChain::Run(std::span<const Token> ids, int wanted, const LogitsSink& sink,
                       std::vector<std::vector<float>>* at_cuts, AttentionProbe* probe) {
  if (Status s = parts_->Restart(0); !s) return s;
  WindowRun run(parts_->parts, parts_->shape.layers, sink);
  if (at_cuts != nullptr) at_cuts->assign(cuts(), {});
  run.TakeRows(at_cuts);
  if (probe != nullptr) run.Probe(*probe);
  for (const WindowStep& step :
       PlanWindow(static_cast<int>(ids.size()), wanted, kMaxRows, parts_->most_wanted)) {
    const auto part = ids.subspan(static_cast<size_t>(step.begin), static_cast<size_t>(step.rows));
    if (Status s = run.Pass(step, part, {}); !s) return s;
  }
  if (probe != nullptr) *probe = run.Probed();
  return {};
}

Status StageChain::RunFrom(size_t cut, std::span<const float> rows, int length, int wanted,
                           const LogitsSink& sink) {
  const auto width = static_cast<size_t>(parts_->shape.width);
  const auto expected = static_cast<size_t>(RowsAtCut(cut, length, wanted));
  if (rows.size() != expected * width)
    return Fail(ErrorCode::kUsage, "{} values at a cut where {} rows of {} pass", rows.size(), expected,
                width);
  if (Status s = parts_->Restart(cut + 1); !s) return s;
  const bool only_wanted = parts_->cuts[cut] == parts_->shape.layers;
  WindowRun run(std::span(parts_->parts).subspan(cut + 1), parts_->shape.layers, sink);
  for (const WindowStep& step : PlanWindow(length, wanted, kMaxRows, parts_->most_wanted)) {
    const int begin = only_wanted ? run.delivered() : step.begin,
              count = only_wanted ? step.wanted : step.rows;
    const auto part = rows.subspan(static_cast<size_t>(begin) * width, static_cast<size_t>(count) * width);
    if (Status s = run.Pass(step, {}, part); !s) return s;
  }
  return {};
}

}  // namespace tandem
