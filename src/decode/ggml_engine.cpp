// See ggml_engine.h.
#include "decode/ggml_engine.h"

#include <algorithm>
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
             std::unique_ptr<Backend> the_backend)
      : model(std::move(the_model)),
        info(std::move(the_info)),
        rule(exact && IsCpu(model->device()) ? RowRuleOf(*model) : RowRule{}),
        cache(LayoutOf(*model, info.context, info.max_sequences)),
        backend(std::move(the_backend)),
        graphs(*model, cache, *backend, info.max_sequences, info.max_rows) {}

  const std::shared_ptr<const Model> model;
  const EngineInfo info;
  const RowRule rule;
  KvCache cache;
  const std::unique_ptr<Backend> backend;
  GraphCache graphs;  // uses all of the above
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
  info.position_bytes = LayoutOf(model, options.context, options.max_sequences).RowBytes();
  info.exact_note = WhyInexact(model, options.exact);
  info.exact = info.exact_note.empty();
  info.fingerprint = KernelFingerprint(model, info.exact);
  return info;
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
  return CheckIds(input.tokens, hp.vocab_rows);
}

StepShape PlanShape(const EngineCore& core, std::span<const StageRows> batch) {
  const int layers = core.model->hparams().layers;
  const StageRange stages = core.model->stages();
  StepShape shape;
  for (const StageRows& part : batch) {
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
  return {input.tokens, input.hidden, core.positions, core.wanted};
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
  if (!core_->model->IsWhole())
    return Fail(ErrorCode::kUsage,
                "a range of a model's stages computes rows, not logits of ids; use StepStages");
  std::vector<StageRows> rows;
  std::vector<Token> tokens;
  for (const SeqRows& part : batch) {
    if (part.tokens.size() > static_cast<size_t>(kMaxRows))
      return Fail(ErrorCode::kUsage, "a step of {} rows, at most {}", part.tokens.size(),
                  core_->info.max_rows);
    rows.push_back({part.seq, part.first, static_cast<int>(part.tokens.size()), part.bulk, part.logits});
    tokens.insert(tokens.end(), part.tokens.begin(), part.tokens.end());
  }
  return StepStages({rows, tokens, {}});
}

Result<LogitsView> GgmlEngine::StepStages(const StageInput& input) {
  EngineCore& core = *core_;
  if (Status s = CheckInput(core, input); !s) return Forward(s);
  int rows = 0, width = 0;
  if (StepShape shape = PlanShape(core, input.batch); shape.rows > 0) {
    auto graph = core.graphs.Get(std::move(shape));
    if (!graph) return Forward(graph);
    core.backend->AdaptThreads();
    if (Status s = (*graph)->Run(MakeFeed(core, input), core.cache, core.output); !s) return Forward(s);
    rows = (*graph)->output_rows();
    width = (*graph)->output_width();
  }
  for (const StageRows& part : input.batch) core.cache.Append(part.seq, part.first, part.rows);
  const bool logits = core.model->stages().HasHead(core.model->hparams().layers);
  return LogitsView(core.output.data(), rows, width, logits ? std::min(core.info.vocab_size, width) : width);
}

}  // namespace tandem
