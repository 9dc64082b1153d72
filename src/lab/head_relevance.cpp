// See head_relevance.h.
#include "lab/head_relevance.h"

#include <algorithm>
#include <cmath>

#include "decode/ggml_engine.h"
#include "decode/prefill.h"
#include "lab/token_loss.h"

namespace tandem {
namespace {

constexpr int kStepRows = 2 * kBulkRows;  // bounds the logits held at once

// A text on its way up: its ids, and its rows behind the stages computed so far.
struct TextRows {
  std::span<const Token> ids;
  std::vector<float> hidden;  // [ids, width]
};

// An engine over a range of the model's stages, with one sequence.
struct Part {
  std::unique_ptr<GgmlEngine> engine;
  SeqId seq = 0;
  int width = 0;     // of the rows that go in
  bool ids = false;  // ids go in instead
};

Result<Part> StartPart(const Model& model, StageRange stages, Pos context, int threads) {
  auto range = model.Range(stages);
  if (!range) return Forward(range);
  GgmlEngineOptions options;
  options.context = context;
  options.threads = threads;
  options.max_rows = kStepRows;
  auto engine = GgmlEngine::Create(*range, options);
  if (!engine) return Forward(engine);
  auto seq = (*engine)->Open();
  if (!seq) return Forward(seq);
  return Part{std::move(*engine), *seq, model.hparams().width, stages.HasEmbedding()};
}

// What comes out for a whole text, step by step.
Status Run(Part& part, const TextRows& text, const HeadFactors& heads,
           const std::function<void(int begin, const LogitsView&)>& sink) {
  if (Status s = part.engine->Truncate(part.seq, 0); !s) return s;
  const int n = static_cast<int>(text.ids.size());
  for (int begin = 0; begin < n; begin += kStepRows) {
    const int rows = std::min(kStepRows, n - begin);
    const StageRows step{part.seq, begin, rows, rows % kBulkRows == 0, rows};
    const auto first = static_cast<size_t>(begin), count = static_cast<size_t>(rows),
               width = static_cast<size_t>(part.width);
    StageInput input{{&step, 1}, {}, {}, heads};
    if (part.ids) {
      input.tokens = text.ids.subspan(first, count);
    } else {
      input.hidden = std::span(text.hidden).subspan(first * width, count * width);
    }
    const auto out = part.engine->StepStages(input);
    if (!out) return Forward(out);
    sink(begin, *out);
  }
  return {};
}

// The texts' rows behind the part.
Status Advance(Part& part, std::vector<TextRows>& texts) {
  for (TextRows& text : texts) {
    std::vector<float> behind;
    const Status ran = Run(part, text, {}, [&](int, const LogitsView& rows) {
      for (int i = 0; i < rows.rows(); ++i) behind.insert(behind.end(), rows[i].begin(), rows[i].end());
    });
    if (!ran) return ran;
    text.hidden = std::move(behind);
  }
  return {};
}

// Nats a token, over all texts.
Result<double> Loss(Part& rest, std::span<const TextRows> texts, const HeadFactors& heads, int threads) {
  double nats = 0, tokens = 0;
  for (const TextRows& text : texts) {
    const Status ran = Run(rest, text, heads, [&](int begin, const LogitsView& logits) {
      const auto targets = text.ids.subspan(static_cast<size_t>(begin) + 1);
      const auto scored = targets.first(std::min(targets.size(), static_cast<size_t>(logits.rows())));
      nats += SumOfLosses([&](size_t i) { return logits[static_cast<int>(i)]; }, scored, threads);
      tokens += static_cast<double>(scored.size());
    });
    if (!ran) return Forward(ran);
  }
  if (!std::isfinite(nats)) return Fail(ErrorCode::kModel, "the loss over {} tokens is {}", tokens, nats);
  return nats / tokens;
}

Status CheckTexts(const Model& model, std::span<const std::vector<Token>> texts) {
  if (!model.IsWhole()) return Fail(ErrorCode::kUsage, "heads are measured in whole models, not in parts");
  const int ids = std::min(model.hparams().vocab_size, model.hparams().vocab_rows);
  if (texts.empty()) return Fail(ErrorCode::kUsage, "heads are measured on texts, none is given");
  for (const std::vector<Token>& text : texts) {
    if (text.size() < 2 || text.size() > static_cast<size_t>(model.hparams().context))
      return Fail(ErrorCode::kUsage, "a text of {} ids, expected 2 to {}", text.size(),
                  model.hparams().context);
    for (const Token id : text) {
      if (id < 0 || id >= ids) return Fail(ErrorCode::kUsage, "a text holds the id {} of {}", id, ids);
    }
  }
  return {};
}

// The rises of one layer's heads, given the rows that go into it.
Result<std::vector<double>> LayerRises(Part& rest, std::span<const TextRows> texts, int layer, int heads,
                                       double loss, int threads, const std::function<bool()>& go_on) {
  std::vector<double> rises;
  std::vector<float> factors(static_cast<size_t>(heads), 1.0f);
  for (float& factor : factors) {
    factor = 0.0f;
    const auto without = Loss(rest, texts, {layer, factors}, threads);
    if (!without) return Forward(without);
    rises.push_back(*without - loss);
    factor = 1.0f;
    if (!go_on()) return Fail(ErrorCode::kUsage, "the measurement of heads was ended in layer {}", layer);
  }
  return rises;
}

}  // namespace

std::vector<float> HeadRelevance::Weights(size_t layer) const {
  const std::vector<double>& of = rise[layer];
  double sum = 0;
  for (const double r : of) sum += std::max(r, 0.0);
  std::vector<float> weights;
  for (const double r : of)
    weights.push_back(
        static_cast<float>(sum > 0 ? std::max(r, 0.0) / sum : 1.0 / static_cast<double>(of.size())));
  return weights;
}

Result<HeadRelevance> MeasureHeadRelevance(const Model& model, std::span<const std::vector<Token>> texts,
                                           const HeadRelevanceOptions& options) {
  if (Status s = CheckTexts(model, texts); !s) return Forward(s);
  const Hparams& hp = model.hparams();
  std::vector<TextRows> rows;
  size_t longest = 0;
  for (const std::vector<Token>& text : texts) {
    rows.push_back({text, {}});
    longest = std::max(longest, text.size());
  }
  const auto start = [&](StageRange stages) {
    return StartPart(model, stages, static_cast<Pos>(longest), options.threads);
  };
  size_t done = 0;
  const auto total = static_cast<size_t>(hp.layers) * static_cast<size_t>(hp.heads);
  const auto go_on = [&] { return options.go_on == nullptr || options.go_on(++done, total); };

  HeadRelevance relevance;
  for (int layer = 0; layer < hp.layers; ++layer) {
    auto below = start({layer, layer + 1});
    if (!below) return Forward(below);
    if (Status s = Advance(*below, rows); !s) return Forward(s);
    auto rest = start({layer + 1, hp.layers + 2});
    if (!rest) return Forward(rest);
    if (layer == 0) {
      const auto loss = Loss(*rest, rows, {}, options.threads);
      if (!loss) return Forward(loss);
      relevance.loss = *loss;
    }
    auto rises = LayerRises(*rest, rows, layer, hp.heads, relevance.loss, options.threads, go_on);
    if (!rises) return Forward(rises);
    relevance.rise.push_back(std::move(*rises));
  }
  return relevance;
}

}  // namespace tandem
