// See head_relevance.h.
#include "lab/head_relevance.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "decode/silenced_heads.h"
#include "lab/token_loss.h"

namespace tandem {
namespace {

// Nats a token, over all texts.
Result<double> Loss(SilencedHeads& model, std::span<const std::vector<Token>> texts, std::optional<int> head,
                    int threads) {
  double nats = 0, tokens = 0;
  for (size_t text = 0; text < texts.size(); ++text) {
    const Status ran = model.Run(text, head, [&](int first, const LogitsView& logits) {
      const auto targets = std::span(texts[text]).subspan(static_cast<size_t>(first) + 1);
      const auto scored = targets.first(std::min(targets.size(), static_cast<size_t>(logits.rows())));
      nats += SumOfLosses([&](size_t i) { return logits[static_cast<int>(i)]; }, scored, threads);
      tokens += static_cast<double>(scored.size());
    });
    if (!ran) return Forward(ran);
  }
  if (!std::isfinite(nats)) return Fail(ErrorCode::kModel, "the loss over {} tokens is {}", tokens, nats);
  return nats / tokens;
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

Result<HeadRelevance> MeasureHeadRelevance(const std::string& path, std::span<const std::vector<Token>> texts,
                                           const HeadRelevanceOptions& options) {
  auto loaded = SilencedHeads::Load(path, texts, options.threads);
  if (!loaded) return Forward(loaded);
  SilencedHeads& model = **loaded;
  const auto loss = Loss(model, texts, std::nullopt, options.threads);
  if (!loss) return Forward(loss);
  HeadRelevance relevance{*loss, {}};
  const auto heads = static_cast<size_t>(model.heads()), total = static_cast<size_t>(model.layers()) * heads;
  for (size_t done = 0; done < total;) {
    if (done > 0) {
      if (Status s = model.NextLayer(); !s) return Forward(s);
    }
    relevance.rise.emplace_back();
    for (int head = 0; head < model.heads(); ++head) {
      const auto without = Loss(model, texts, head, options.threads);
      if (!without) return Forward(without);
      relevance.rise.back().push_back(*without - *loss);
      if (!options.go_on(++done, total))
        return Fail(ErrorCode::kUsage, "the measurement of heads was ended after {} of {}", done, total);
    }
  }
  return relevance;
}

}  // namespace tandem
