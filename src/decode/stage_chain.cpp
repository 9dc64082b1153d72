// See stage_chain.h.
#include "decode/stage_chain.h"

#include <algorithm>

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

  bool IsHeadAlone(const Part& part) const { return part.stages.begin == shape.layers + 1; }

  Result<LogitsView> Step(Part& part, const WindowStep& step, std::span<const Token> ids,
                          std::span<const float> hidden) {
    const bool head = IsHeadAlone(part);
    const StageRows rows{part.seq, part.engine->Length(part.seq), head ? step.wanted : step.rows,
                         step.bulk && !head, step.wanted};
    return part.engine->StepStages({{&rows, 1}, ids, hidden});
  }

  // Runs one step through all parts from `from` on. ids: for the part with the embedding; hidden: for others.
  Status Pass(size_t from, const WindowStep& step, std::span<const Token> ids, std::vector<float>& hidden,
              int delivered, const LogitsSink& sink, std::vector<std::vector<float>>* at_cuts) {
    for (size_t i = from; i < parts.size(); ++i) {
      if (IsHeadAlone(parts[i]) && step.wanted == 0) return {};
      const bool first = parts[i].stages.HasEmbedding();
      const auto out = Step(parts[i], step, first ? ids : std::span<const Token>{},
                            first ? std::span<const float>{} : hidden);
      if (!out) return Forward(out);
      if (i + 1 == parts.size()) return step.wanted > 0 ? sink(delivered, *out) : Status{};
      hidden.clear();
      for (int row = 0; row < out->rows(); ++row) {
        hidden.insert(hidden.end(), (*out)[row].begin(), (*out)[row].end());
      }
      if (at_cuts != nullptr) (*at_cuts)[i].insert((*at_cuts)[i].end(), hidden.begin(), hidden.end());
    }
    return {};
  }
};

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
                       std::vector<std::vector<float>>* at_cuts) {
  if (Status s = parts_->Restart(0); !s) return s;
  if (at_cuts != nullptr) at_cuts->assign(cuts(), {});
  std::vector<float> hidden;
  int delivered = 0;
  for (const WindowStep& step :
       PlanWindow(static_cast<int>(ids.size()), wanted, kMaxRows, parts_->most_wanted)) {
    const auto part = ids.subspan(static_cast<size_t>(step.begin), static_cast<size_t>(step.rows));
    if (Status s = parts_->Pass(0, step, part, hidden, delivered, sink, at_cuts); !s) return s;
    delivered += step.wanted;
  }
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
  std::vector<float> hidden;
  int delivered = 0;
  for (const WindowStep& step : PlanWindow(length, wanted, kMaxRows, parts_->most_wanted)) {
    const int begin = only_wanted ? delivered : step.begin, count = only_wanted ? step.wanted : step.rows;
    const auto part = rows.subspan(static_cast<size_t>(begin) * width, static_cast<size_t>(count) * width);
    hidden.assign(part.begin(), part.end());
    if (Status s = parts_->Pass(cut + 1, step, {}, hidden, delivered, sink, nullptr); !s) return s;
    delivered += step.wanted;
  }
  return {};
}

}  // namespace tandem
