// The text that every mode must write: the target decoded token by token in one process, no link, no draft,
// no batch.
#pragma once

#include <algorithm>
#include <vector>

#include "decode/engine.h"
#include "decode/prefill.h"
#include "sample/sampler.h"

namespace tandem::testing {

struct ReferenceSpec {
  std::vector<Token> prompt;
  int max_tokens = 0;
  SamplingParams sampling;
  std::vector<Token> end_tokens;
  std::vector<PromptSpan> spans{};  // what of the prompt came in at once; empty: all
};

// Generated ids, without an end-of-generation token. Ends early where the context does.
inline std::vector<Token> ReferenceText(Engine& engine, const ReferenceSpec& spec) {
  const SeqId seq = engine.Open().value();
  Sampler sampler(spec.sampling);
  std::vector<Token> text = spec.prompt;
  const std::vector<PromptSpan> spans =
      spec.spans.empty() ? std::vector<PromptSpan>{{0, static_cast<Pos>(spec.prompt.size())}} : spec.spans;
  Pos cached = 0;
  const auto generated = [&] { return static_cast<int>(text.size() - spec.prompt.size()); };
  while (generated() < spec.max_tokens && static_cast<Pos>(text.size()) < engine.info().context) {
    const Pos end = static_cast<Pos>(text.size());
    LogitsView logits;
    for (const PrefillChunk& chunk : PlanPrefill(spans, cached, end, engine.info().max_rows)) {
      const std::span<const Token> rows(text.data() + chunk.begin,
                                        static_cast<size_t>(chunk.end - chunk.begin));
      const SeqRows step{.seq = seq,
                         .first = chunk.begin,
                         .tokens = rows,
                         .bulk = chunk.bulk,
                         .logits = chunk.end == end ? 1 : 0};
      logits = engine.Step(std::span(&step, 1)).value();
    }
    cached = end;
    const Token token = sampler.Pick(logits[0], text);
    if (std::binary_search(spec.end_tokens.begin(), spec.end_tokens.end(), token)) break;
    text.push_back(token);
  }
  engine.Close(seq);
  return {text.begin() + static_cast<std::ptrdiff_t>(spec.prompt.size()), text.end()};
}

}  // namespace tandem::testing
