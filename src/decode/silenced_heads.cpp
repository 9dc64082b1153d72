// See silenced_heads.h.
#include "decode/silenced_heads.h"

#include <algorithm>

#include "decode/ggml_engine.h"
#include "decode/prefill.h"

namespace tandem {
namespace {

constexpr int kStepRows = 2 * kBulkRows;  // bounds the logits held at once

// An engine over a range of the model's stages, with one sequence.
struct Part {
  std::unique_ptr<GgmlEngine> engine;
  SeqId seq = 0;
};

// A text on its way up: its ids, and its rows behind the stages computed so far.
struct TextRows {
  std::vector<Token> ids;
  std::vector<float> hidden;  // [ids, width]
};

Status CheckTexts(const Hparams& hp, std::span<const std::vector<Token>> texts) {
  const int ids = std::min(hp.vocab_size, hp.vocab_rows);
  if (texts.empty()) return Fail(ErrorCode::kUsage, "heads are measured on texts, none is given");
  for (const std::vector<Token>& text : texts) {
    if (text.size() < 2 || text.size() > static_cast<size_t>(hp.context))
      return Fail(ErrorCode::kUsage, "a text of {} ids, expected 2 to {}", text.size(), hp.context);
    for (const Token id : text) {
      if (id < 0 || id >= ids) return Fail(ErrorCode::kUsage, "a text holds the id {} of {}", id, ids);
    }
  }
  return {};
}

}  // namespace

struct SilencedHeads::State {
  std::shared_ptr<const Model> model;
  int threads = 1;
  std::vector<TextRows> texts;
  int layer = -1;
  Part rest;  // from `layer` on

  Result<Part> Start(StageRange stages) const;
  Status Run(Part& part, StageRange stages, const TextRows& text, const HeadFactors& heads,
             const LogitsSink& sink) const;
  Status Advance();
};

Result<Part> SilencedHeads::State::Start(StageRange stages) const {
  auto range = model->Range(stages);
  if (!range) return Forward(range);
  GgmlEngineOptions options;
  for (const TextRows& text : texts)
    options.context = std::max(options.context, static_cast<Pos>(text.ids.size()));
  options.threads = threads;
  options.max_rows = kStepRows;
  auto engine = GgmlEngine::Create(*range, options);
  if (!engine) return Forward(engine);
  auto seq = (*engine)->Open();
  if (!seq) return Forward(seq);
  return Part{std::move(*engine), *seq};
}

// What comes out for a whole text, step by step.
Status SilencedHeads::State::Run(Part& part, StageRange stages, const TextRows& text,
                                 const HeadFactors& heads, const LogitsSink& sink) const {
  if (Status s = part.engine->Truncate(part.seq, 0); !s) return s;
  const int n = static_cast<int>(text.ids.size());
  const auto width = static_cast<size_t>(model->hparams().width);
  for (int begin = 0; begin < n; begin += kStepRows) {
    const int rows = std::min(kStepRows, n - begin);
    const StageRows step{part.seq, begin, rows, rows % kBulkRows == 0, rows};
    const auto first = static_cast<size_t>(begin), count = static_cast<size_t>(rows);
    StageInput input{{&step, 1}, {}, {}, heads};
    if (stages.HasEmbedding()) {
      input.tokens = std::span(text.ids).subspan(first, count);
    } else {
      input.hidden = std::span(text.hidden).subspan(first * width, count * width);
    }
    const auto out = part.engine->StepStages(input);
    if (!out) return Forward(out);
    sink(begin, *out);
  }
  return {};
}

// The texts' rows through one more stage.
Status SilencedHeads::State::Advance() {
  const StageRange stage{layer + 1, layer + 2};
  auto part = Start(stage);
  if (!part) return Forward(part);
  for (TextRows& text : texts) {
    std::vector<float> behind;
    const Status ran = Run(*part, stage, text, {}, [&](int, const LogitsView& rows) {
      for (int i = 0; i < rows.rows(); ++i) behind.insert(behind.end(), rows[i].begin(), rows[i].end());
    });
    if (!ran) return ran;
    text.hidden = std::move(behind);
  }
  return {};
}

SilencedHeads::SilencedHeads(std::unique_ptr<State> state) : state_(std::move(state)) {}
SilencedHeads::~SilencedHeads() = default;

Result<std::unique_ptr<SilencedHeads>> SilencedHeads::Load(const std::string& path,
                                                           std::span<const std::vector<Token>> texts,
                                                           int threads) {
  auto model = Model::Load(path);
  if (!model) return Forward(model);
  if (Status s = CheckTexts((*model)->hparams(), texts); !s) return Forward(s);
  auto state = std::make_unique<State>();
  state->model = std::move(*model);
  state->threads = threads;
  for (const std::vector<Token>& text : texts) state->texts.push_back({text, {}});
  std::unique_ptr<SilencedHeads> self(new SilencedHeads(std::move(state)));
  if (Status s = self->NextLayer(); !s) return Forward(s);
  return self;
}

int SilencedHeads::layers() const {
  return state_->model->hparams().layers;
}
int SilencedHeads::heads() const {
  return state_->model->hparams().heads;
}
int SilencedHeads::layer() const {
  return state_->layer;
}

Status SilencedHeads::NextLayer() {
  State& state = *state_;
  if (state.layer + 1 >= layers())
    return Fail(ErrorCode::kUsage, "layer {} of {} is the last", state.layer, layers());
  if (Status s = state.Advance(); !s) return s;
  auto rest = state.Start({state.layer + 2, layers() + 2});
  if (!rest) return Forward(rest);
  state.rest = std::move(*rest);
  ++state.layer;
  return {};
}

Status SilencedHeads::Run(size_t text, std::optional<int> head, const LogitsSink& sink) {
  State& state = *state_;
  if (text >= state.texts.size() || (head && (*head < 0 || *head >= heads())))
    return Fail(ErrorCode::kUsage, "text {} of {}, head {} of {}", text, state.texts.size(), head.value_or(0),
                heads());
  std::vector<float> factors(static_cast<size_t>(heads()), 1.0f);
  if (head) factors[static_cast<size_t>(*head)] = 0.0f;
  const HeadFactors silent = head ? HeadFactors{state.layer, factors} : HeadFactors{};
  return state.Run(state.rest, {state.layer + 1, layers() + 2}, state.texts[text], silent, sink);
}

}  // namespace tandem
