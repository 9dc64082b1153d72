// See ggml_engine.h.
#include "decode/ggml_engine.h"

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "decode/backend.h"
#include "decode/batch_check.h"
#include "decode/fingerprint.h"
#include "decode/graph_cache.h"
#include "decode/kv_cache.h"
#include "decode/prefill.h"
#include "decode/row_rule.h"
#include "model/device.h"

namespace tandem {

namespace {

KvLayout LayoutOf(const Model& model, Pos context, int sequences) {
  return {static_cast<int>(model.weights().layers.size()), model.hparams().kv_width(), context, sequences,
          model.device()};
}

}  // namespace

struct EngineCore {
  EngineCore(std::shared_ptr<const Model> the_model, EngineInfo the_info, bool exact,
             std::shared_ptr<Backend> the_backend)
      : model(std::move(the_model)),
        info(std::move(the_info)),
        pads(exact),
        rule(exact && IsCpu(model->device()) ? RowRuleOf(*model) : RowRule{}),
        cache(LayoutOf(*model, info.context, info.max_sequences)),
        backend(std::move(the_backend)),
        graphs(*model, cache, *backend, info.max_sequences, info.max_rows) {}

  const std::shared_ptr<const Model> model;
  const EngineInfo info;
  const bool pads;  // GgmlEngineOptions::exact
  const RowRule rule;
  KvCache cache;
  const std::shared_ptr<Backend> backend;  // of several engines, one at a time
  GraphCache graphs;                       // uses all of the above
  std::vector<float> output;
  // Scratch of one step, kept to spare allocations.
  std::vector<Pos> positions;
  std::vector<int32_t> wanted;
};

namespace {

constexpr int kMaxThreads = 512;
constexpr int kMaxSequences = 4096;
constexpr int kMaxRows = 1 << 16;

Status CheckOptions(const Hparams& hp, const GgmlEngineOptions& options) {
  if (options.threads < 1 || options.threads > kMaxThreads)
    return Fail(ErrorCode::kUsage, "{} threads, expected 1 to {}", options.threads, kMaxThreads);
  if (options.max_sequences < 1 || options.max_sequences > kMaxSequences)
    return Fail(ErrorCode::kUsage, "{} sequences, expected 1 to {}", options.max_sequences, kMaxSequences);
  if (options.max_rows < kBulkRows || options.max_rows > kMaxRows)
    return Fail(ErrorCode::kUsage, "steps of {} rows, expected {} to {}", options.max_rows, kBulkRows,
                kMaxRows);
  if (options.context < 0 || options.context > hp.context)
    return Fail(ErrorCode::kUsage, "a context of {} positions, but the model was trained on {}",
                options.context, hp.context);
  return {};
}

// Why logits may depend on more than the prefix and its kernel classes, one sentence; empty when they do not.
std::string WhyInexact(const Model& model, bool exact) {
  if (!IsCpu(model.device()))
    return fmt::format("which kernels round alike was measured on the CPU, not on {}",
                       ggml_backend_dev_name(model.device()));
#if !defined(__x86_64__)
  return "which kernels round alike was measured on x86-64 only";
#endif
  const std::string types = TypesThatNeedPadding(model);
  if (exact || types.empty()) return {};
  return fmt::format("products with {} weights depend on the number of rows in a step, and padding is off",
                     types);
}

EngineInfo MakeInfo(const Model& model, const GgmlEngineOptions& options) {
  const Hparams& hp = model.hparams();
  EngineInfo info;
  info.model_name = hp.name.empty() ? std::filesystem::path(model.path()).stem().string() : hp.name;
  info.vocab_size = std::min(hp.vocab_size, hp.vocab_rows);
  info.context = options.context == 0 ? hp.context : options.context;
  info.max_sequences = options.max_sequences;
  info.max_rows = options.max_rows;
  if (!model.stages().HasEmbedding()) info.input_width = hp.width;
  if (!model.stages().HasHead(hp.layers)) info.output_width = hp.width;
  info.position_bytes = LayoutOf(model, options.context, options.max_sequences).RowBytes();
  info.exact_note = WhyInexact(model, options.exact);
  info.exact = info.exact_note.empty();
  info.fingerprint = KernelFingerprint(model, info.exact);
  return info;
}

Status CheckFactors(const Model& model, const HeadFactors& heads) {
  if (heads.layer == -1) return {};
  const int first = model.stages().FirstLayer(), last = model.stages().LastLayer(model.hparams().layers);
  if (heads.layer < first || heads.layer >= last)
    return Fail(ErrorCode::kUsage, "heads of layer {} cannot be scaled: the range has layers [{}, {})",
                heads.layer, first, last);
  if (heads.factors.size() != static_cast<size_t>(model.hparams().heads))
    return Fail(ErrorCode::kUsage, "{} factors for {} heads", heads.factors.size(), model.hparams().heads);
  for (const float factor : heads.factors) {
    if (!std::isfinite(factor)) return Fail(ErrorCode::kUsage, "a head's factor is {}", factor);
  }
  return {};
}

Status CheckInput(const EngineCore& core, const StageInput& input) {
  const Hparams& hp = core.model->hparams();
  std::vector<RowsAsked> asked;
  for (const StageRows& part : input.batch)
    asked.push_back({part.seq, part.first, part.rows, part.bulk, part.wanted, core.cache.IsOpen(part.seq),
                     core.cache.Length(part.seq)});
  if (Status s = CheckBatch(asked, core.info); !s) return s;
  size_t rows = 0;
  const bool head_alone = core.model->stages().begin > hp.layers;
  for (const StageRows& part : input.batch) rows += static_cast<size_t>(head_alone ? part.wanted : part.rows);
  const bool ids = core.model->stages().HasEmbedding();
  const size_t given = ids ? input.tokens.size() : input.hidden.size();
  const size_t expected = ids ? rows : rows * static_cast<size_t>(hp.width);
  if (given != expected)
    return Fail(ErrorCode::kUsage, "a step of {} rows is given {} {}, expected {}", rows, given,
                ids ? "ids" : "floats", expected);
  if (Status s = CheckFactors(*core.model, input.heads); !s) return s;
  return CheckIds(input.tokens, hp.vocab_rows);
}

Status CheckProbe(const EngineCore& core, std::span<const StageRows> batch, const AttentionProbe& probe) {
  const StageRange stages = core.model->stages();
  const int first = stages.FirstLayer(), last = stages.LastLayer(core.model->hparams().layers);
  if (batch.size() != 1)
    return Fail(ErrorCode::kUsage, "a probe follows one sequence, the step has {}", batch.size());
  if (probe.rows != core.cache.Rows(batch.front().seq))
    return Fail(ErrorCode::kUsage, "a probe of {} rows cannot go on in a sequence of {}", probe.rows,
                core.cache.Rows(batch.front().seq));
  if (probe.layers.empty()) return Fail(ErrorCode::kUsage, "a probe names no layer");
  int previous = -1;
  for (const LayerProbe& layer : probe.layers) {
    if (layer.layer < first || layer.layer >= last)
      return Fail(ErrorCode::kUsage, "layer {} cannot be probed: the range has layers [{}, {})", layer.layer,
                  first, last);
    if (layer.layer <= previous)
      return Fail(ErrorCode::kUsage, "layers of a probe must ascend, {} follows {}", layer.layer, previous);
    const auto seen = static_cast<size_t>(probe.rows) * static_cast<size_t>(core.model->hparams().heads);
    if (layer.column_sums.size() != seen || layer.last_row.size() != seen)
      return Fail(ErrorCode::kUsage, "a probe of {} and {} figures cannot go on with {} heads of {} rows",
                  layer.column_sums.size(), layer.last_row.size(), core.model->hparams().heads, probe.rows);
    previous = layer.layer;
  }
  return {};
}

StepShape PlanShape(const EngineCore& core, const StageInput& input, const AttentionProbe* probe) {
  const int layers = core.model->hparams().layers;
  const StageRange stages = core.model->stages();
  StepShape shape;
  for (const StageRows& part : input.batch) {
    const int columns = core.cache.PaddedRows(core.cache.Rows(part.seq) + part.rows);
    if (stages.begin <= layers && stages.end > 1)
      shape.sequences.push_back(
          {part.seq, shape.rows, part.rows, columns, PlanAttention(part.rows, part.bulk, columns)});
    shape.rows += part.rows;
    shape.wanted += part.wanted;
  }
  // Only a range with the model's last layer selects rows; the head alone is given selected ones.
  if (stages.begin > layers) shape.rows = shape.wanted;
  if (stages.end <= layers) shape.wanted = shape.rows;
  shape.padded_rows = core.rule.Pad(shape.rows);
  shape.padded_wanted = core.rule.Pad(shape.wanted);
  if (input.heads.layer >= 0) shape.scaled = input.heads.layer - stages.FirstLayer();
  if (probe == nullptr) return shape;
  for (const LayerProbe& layer : probe->layers) shape.probed.push_back(layer.layer - stages.FirstLayer());
  return shape;
}

StepFeed MakeFeed(EngineCore& core, const StageInput& input) {
  core.positions.clear();
  core.wanted.clear();
  for (const StageRows& part : input.batch) {
    const auto begin = static_cast<int32_t>(core.positions.size());
    for (int row = 0; row < part.rows; ++row) core.positions.push_back(part.first + row);
    for (int row = part.rows - part.wanted; row < part.rows; ++row) core.wanted.push_back(begin + row);
  }
  return {input.tokens, input.hidden, core.positions, core.wanted, input.heads.factors};
}

}  // namespace

GgmlEngine::GgmlEngine(std::unique_ptr<EngineCore> core) : core_(std::move(core)) {}

GgmlEngine::~GgmlEngine() = default;

Result<std::unique_ptr<GgmlEngine>> GgmlEngine::Create(std::shared_ptr<const Model> model,
                                                       const GgmlEngineOptions& options) {
  const Hparams& hp = model->hparams();
  if (Status s = CheckOptions(hp, options); !s) return Forward(s);
  auto backend = Backend::Create(model->device(), options.threads, options.adapt_threads, options.poll);
  if (!backend) return Forward(backend);
  EngineInfo info = MakeInfo(*model, options);
  auto core =
      std::make_unique<EngineCore>(std::move(model), std::move(info), options.exact, std::move(*backend));
  return std::unique_ptr<GgmlEngine>(new GgmlEngine(std::move(core)));
}

Result<std::unique_ptr<GgmlEngine>> GgmlEngine::Beside(const GgmlEngine& other, StageRange range) {
  const EngineCore& beside = *other.core_;
  auto model = beside.model->Range(range);
  if (!model) return Forward(model);
  const GgmlEngineOptions options{.max_sequences = beside.info.max_sequences,
                                  .context = beside.info.context,
                                  .max_rows = beside.info.max_rows,
                                  .exact = beside.pads};
  EngineInfo info = MakeInfo(**model, options);
  auto core = std::make_unique<EngineCore>(std::move(*model), std::move(info), beside.pads, beside.backend);
  return std::unique_ptr<GgmlEngine>(new GgmlEngine(std::move(core)));
}

const EngineInfo& GgmlEngine::info() const {
  return core_->info;
}

Result<SeqId> GgmlEngine::Open() {
  return core_->cache.Open();
}

Result<SeqId> GgmlEngine::Fork(SeqId seq, Pos length) {
  if (!core_->cache.IsOpen(seq)) return Fail(ErrorCode::kUsage, "sequence {} is not open", seq);
  if (length < 0 || length > Length(seq))
    return Fail(ErrorCode::kUsage, "cannot fork {} of {} positions", length, Length(seq));
  auto fork = core_->cache.Open();
  if (fork) core_->cache.Copy(seq, length, *fork);
  return fork;
}

Status GgmlEngine::Copy(SeqId from, Pos length, SeqId to) {
  if (!core_->cache.IsOpen(from) || !core_->cache.IsOpen(to))
    return Fail(ErrorCode::kUsage, "sequence {} or {} is not open", from, to);
  if (Status s = CheckCopy(*this, from, length, to); !s) return s;
  core_->cache.Copy(from, length, to);
  return {};
}

Status GgmlEngine::Truncate(SeqId seq, Pos length) {
  if (!core_->cache.IsOpen(seq)) return Fail(ErrorCode::kUsage, "sequence {} is not open", seq);
  if (length < 0 || length > Length(seq))
    return Fail(ErrorCode::kUsage, "cannot truncate {} positions to {}", Length(seq), length);
  core_->cache.Truncate(seq, length);
  return {};
}

Pos GgmlEngine::Length(SeqId seq) const {
  return core_->cache.Length(seq);
}

void GgmlEngine::Close(SeqId seq) {
  core_->graphs.Forget(seq);
  core_->cache.Close(seq);
}

Result<LogitsView> GgmlEngine::Step(std::span<const SeqRows> batch) {
  return StepRows(batch, nullptr);
}

Result<LogitsView> GgmlEngine::StepProbed(const SeqRows& rows, AttentionProbe& probe) {
  return StepRows({&rows, 1}, &probe);
}

Result<LogitsView> GgmlEngine::StepRows(std::span<const SeqRows> batch, AttentionProbe* probe) {
  const bool ids = core_->model->stages().HasEmbedding();
  std::vector<StageRows> rows;
  std::vector<Token> tokens;
  std::vector<float> hidden;
  for (const SeqRows& part : batch) {
    if (part.tokens.size() > static_cast<size_t>(kMaxRows))
      return Fail(ErrorCode::kUsage, "a step of {} rows, at most {}", part.tokens.size(),
                  core_->info.max_rows);
    rows.push_back({part.seq, part.first, static_cast<int>(part.tokens.size()), part.bulk, part.logits});
    if (ids) tokens.insert(tokens.end(), part.tokens.begin(), part.tokens.end());
    if (!ids && batch.size() > 1) hidden.insert(hidden.end(), part.hidden.begin(), part.hidden.end());
  }
  if (!ids && batch.size() == 1) return StepStages({rows, {}, batch.front().hidden}, probe);
  return StepStages({rows, tokens, hidden}, probe);
}

Result<LogitsView> GgmlEngine::StepStages(const StageInput& input, AttentionProbe* probe) {
  EngineCore& core = *core_;
  if (Status s = CheckInput(core, input); !s) return Forward(s);
  if (probe != nullptr) {
    if (Status s = CheckProbe(core, input.batch, *probe); !s) return Forward(s);
  }
  int rows = 0, width = 0;
  if (StepShape shape = PlanShape(core, input, probe); shape.rows > 0) {
    auto graph = core.graphs.Get(std::move(shape));
    if (!graph) return Forward(graph);
    core.backend->AdaptThreads();
    if (Status s = (*graph)->Run(MakeFeed(core, input), core.cache, core.output); !s) return Forward(s);
    rows = (*graph)->output_rows();
    width = (*graph)->output_width();
    if (probe != nullptr) (*graph)->ReadProbes(*probe);
  }
  for (const StageRows& part : input.batch) core.cache.Append(part.seq, part.first, part.rows);
  const bool logits = core.model->stages().HasHead(core.model->hparams().layers);
  return LogitsView(core.output.data(), rows, width, logits ? std::min(core.info.vocab_size, width) : width);
}

}  // namespace tandem
