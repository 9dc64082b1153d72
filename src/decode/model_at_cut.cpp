// See model_at_cut.h.
#include "decode/model_at_cut.h"

#include <algorithm>

#include "decode/ggml_engine.h"
#include "decode/prefill.h"
#include "decode/stage_chain.h"

namespace tandem {

namespace {

constexpr int kMaxRows = 512;             // of a step
constexpr int kMaxCandidates = 256;       // of one Try
constexpr size_t kMostValues = 1u << 30;  // of all embeddings: 4 GiB

void Append(const LogitsView& view, std::vector<float>& rows) {
  for (int i = 0; i < view.rows(); ++i) rows.insert(rows.end(), view[i].begin(), view[i].end());
}

}  // namespace

struct ModelAtCut::Engines {
  ModelAtCutShape shape;
  bool head_alone = false;  // above the cut
  std::unique_ptr<GgmlEngine> embedding, front, tail, whole;
  SeqId tail_seq = 0;
  std::vector<SeqId> tries;  // sequences of the front, equal but for the row of a Try
  size_t tried = 0;          // candidates whose rows the first of them hold

  Status Open(const Model& model, int below, const ModelAtCutOptions& options) {
    const int stages = model.hparams().layers + 2;
    const auto make = [&](StageRange range, int sequences, int rows) -> Result<std::unique_ptr<GgmlEngine>> {
      auto part = model.Range(range);
      if (!part) return Forward(part);
      GgmlEngineOptions engine;
      engine.max_sequences = sequences;
      engine.context = options.context;
      engine.threads = options.threads;
      engine.max_rows = rows;
      engine.poll = false;  // the engines take turns
      return GgmlEngine::Create(*part, engine);
    };
    struct Wish {
      std::unique_ptr<GgmlEngine>* engine;
      StageRange range;
      int sequences, rows;
    };
    for (const Wish& wish :
         {Wish{&embedding, {0, 1}, kMaxRows, kMaxRows},
          Wish{&front, {0, below + 1}, options.candidates, kMaxRows},
          Wish{&tail, {below + 1, stages}, 1, kBulkRows}, Wish{&whole, {0, stages}, 1, kMaxRows}}) {
      auto engine = make(wish.range, wish.sequences, wish.rows);
      if (!engine) return Forward(engine);
      *wish.engine = std::move(*engine);
    }
    return OpenSequences(options.candidates);
  }

  Result<std::vector<float>> RowsInSteps(std::span<const Token> ids);

  Status OpenSequences(int candidates) {
    const auto only = tail->Open();
    if (!only) return Forward(only);
    tail_seq = *only;
    for (int i = 0; i < candidates; ++i) {
      const auto seq = front->Open();
      if (!seq) return Forward(seq);
      tries.push_back(*seq);
    }
    return {};
  }
};

ModelAtCut::ModelAtCut(std::unique_ptr<Engines> engines) : engines_(std::move(engines)) {}
ModelAtCut::~ModelAtCut() = default;

const ModelAtCutShape& ModelAtCut::shape() const {
  return engines_->shape;
}

Engine& ModelAtCut::whole() {
  return *engines_->whole;
}

Result<std::unique_ptr<ModelAtCut>> ModelAtCut::Load(const std::string& path, int below,
                                                     const ModelAtCutOptions& options) {
  if (options.candidates < 1 || options.candidates > kMaxCandidates)
    return Fail(ErrorCode::kUsage, "{} candidates, expected 1 to {}", options.candidates, kMaxCandidates);
  const auto model = Model::Load(path, {.device = options.device});
  if (!model) return Forward(model);
  const Hparams& hp = (*model)->hparams();
  if (below < 0 || below > hp.layers)
    return Fail(ErrorCode::kUsage, "a cut above {} layers, but {} has {}", below, path, hp.layers);
  auto engines = std::make_unique<Engines>();
  engines->head_alone = below == hp.layers;
  if (Status s = engines->Open(**model, below, options); !s) return Forward(s);
  const EngineInfo& info = engines->whole->info();
  engines->shape = {info.model_name, hp.layers, below, hp.width, info.vocab_size, info.context};
  return std::unique_ptr<ModelAtCut>(new ModelAtCut(std::move(engines)));
}

Result<std::vector<float>> ModelAtCut::Embeddings() {
  GgmlEngine& engine = *engines_->embedding;
  const ModelAtCutShape& shape = engines_->shape;
  const size_t values = static_cast<size_t>(shape.vocab_size) * static_cast<size_t>(shape.width);
  if (values > kMostValues)
    return Fail(ErrorCode::kResource, "{} embeddings of {} values are more than {} values", shape.vocab_size,
                shape.width, kMostValues);
  std::vector<float> rows;
  rows.reserve(values);
  std::vector<Token> ids;
  std::vector<StageRows> batch;
  for (Token id = 0; id < shape.vocab_size;) {
    ids.clear();
    batch.clear();
    for (; id < shape.vocab_size && static_cast<int>(ids.size()) < kMaxRows; ++id) {
      const auto seq = engine.Open();  // a text of its own: the stage may add a position's row
      if (!seq) return Forward(seq);
      ids.push_back(id);
      batch.push_back({*seq, 0, 1, false, 1});
    }
    const auto out = engine.StepStages({batch, ids, {}});
    if (!out) return Forward(out);
    Append(*out, rows);
    for (const StageRows& part : batch) engine.Close(part.seq);
  }
  return rows;
}

Result<std::vector<float>> ModelAtCut::RowsOf(std::span<const Token> ids) {
  if (Status s = Restart(); !s) return Forward(s);
  auto rows = engines_->RowsInSteps(ids);
  if (Status s = Restart(); !s) return Forward(s);
  return rows;
}

Result<std::vector<float>> ModelAtCut::Engines::RowsInSteps(std::span<const Token> ids) {
  std::vector<float> rows;
  const int total = static_cast<int>(ids.size());
  for (const WindowStep& step : PlanWindow(total, total, kMaxRows, kMaxRows)) {
    const StageRows asked{tries[0], step.begin, step.rows, step.bulk, step.wanted};
    const auto part = ids.subspan(static_cast<size_t>(step.begin), static_cast<size_t>(step.rows));
    const auto out = front->StepStages({{&asked, 1}, part, {}});
    if (!out) return Forward(out);
    Append(*out, rows);
  }
  return rows;
}

Status ModelAtCut::LogitsOf(std::span<const float> rows, const LogitsSink& sink) {
  GgmlEngine& tail = *engines_->tail;
  const auto width = static_cast<size_t>(engines_->shape.width);
  if (rows.size() % width != 0 || rows.size() / width > static_cast<size_t>(engines_->shape.context))
    return Fail(ErrorCode::kUsage, "{} values are no rows of {} in a context of {}", rows.size(), width,
                engines_->shape.context);
  if (Status s = tail.Truncate(engines_->tail_seq, 0); !s) return s;
  const int total = static_cast<int>(rows.size() / width);
  for (const WindowStep& step : PlanWindow(total, total, kBulkRows, kBulkRows)) {
    const StageRows asked{engines_->tail_seq, step.begin, step.rows, step.bulk && !engines_->head_alone,
                          step.wanted};
    const auto part =
        rows.subspan(static_cast<size_t>(step.begin) * width, static_cast<size_t>(step.rows) * width);
    const auto out = tail.StepStages({{&asked, 1}, {}, part});
    if (!out) return Forward(out);
    if (Status s = sink(step.begin, *out); !s) return s;
  }
  return {};
}

Status ModelAtCut::Restart() {
  engines_->tried = 0;
  for (const SeqId seq : engines_->tries) {
    if (Status s = engines_->front->Truncate(seq, 0); !s) return s;
  }
  return {};
}

Result<std::vector<float>> ModelAtCut::Try(std::span<const Token> candidates) {
  GgmlEngine& front = *engines_->front;
  const std::vector<SeqId>& tries = engines_->tries;
  if (candidates.empty() || candidates.size() > tries.size())
    return Fail(ErrorCode::kUsage, "{} candidates, expected 1 to {}", candidates.size(), tries.size());
  const Pos length = front.Length(tries.back()) - (engines_->tried == tries.size() ? 1 : 0);
  for (size_t i = 0; i < engines_->tried; ++i) {
    if (Status s = front.Truncate(tries[i], length); !s) return Forward(s);
  }
  engines_->tried = 0;
  std::vector<StageRows> batch;
  for (size_t i = 0; i < candidates.size(); ++i) batch.push_back({tries[i], length, 1, false, 1});
  const auto out = front.StepStages({batch, candidates, {}});
  if (!out) return Forward(out);
  engines_->tried = candidates.size();
  std::vector<float> rows;
  Append(*out, rows);
  return rows;
}

Status ModelAtCut::Take(size_t candidate) {
  GgmlEngine& front = *engines_->front;
  const std::vector<SeqId>& tries = engines_->tries;
  if (candidate >= engines_->tried)
    return Fail(ErrorCode::kUsage, "candidate {} of {} that were tried", candidate, engines_->tried);
  const Pos length = front.Length(tries[candidate]);
  for (size_t i = 0; i < tries.size(); ++i) {
    if (i == candidate) continue;
    if (i < engines_->tried) {
      if (Status s = front.Truncate(tries[i], length - 1); !s) return s;
    }
    if (Status s = front.Copy(tries[candidate], length, tries[i]); !s) return s;
  }
  engines_->tried = 0;
  return {};
}

}  // namespace tandem
