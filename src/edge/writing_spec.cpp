// See writing_spec.h.
#include "edge/writing_spec.h"

#include "base/software.h"

namespace tandem {

namespace {

Result<PromptIds> PromptOf(const WritingSpec& spec, const Vocab& vocab) {
  if (spec.ids) return *spec.ids;
  if (spec.prompt.empty()) return Fail(ErrorCode::kUsage, "the prompt is empty");
  auto ids = vocab.Tokenize(spec.prompt, true, true);
  if (!ids) return Forward(ids);
  return PromptIds{std::move(*ids), {}};
}

}  // namespace

Result<GenerationConfig> ConfigOf(const WritingSpec& spec, const EdgeModel& edge) {
  auto prompt = PromptOf(spec, *edge.vocab);
  if (!prompt) return Forward(prompt);
  GenerationConfig config;
  config.mode = spec.mode;
  config.prompt = std::move(prompt->ids);
  config.spans = std::move(prompt->spans);
  config.max_tokens = spec.max_tokens;
  config.sampling = spec.sampling;
  config.draft_length = spec.draft_length;
  config.window = spec.window;
  config.ngrams = spec.ngrams;
  config.rule = spec.rule;
  config.end_tokens = edge.vocab->end_tokens();
  config.software = SoftwareName();
  config.vocab = edge.vocab->identity();
  if (edge.split) config.cut = edge.split->cut;
  config.clouds = spec.clouds;
  config.retry_for = spec.retry_for;
  config.offline = spec.offline;
  if (auto status = Generation::Check(config, edge.draft.get()); !status) return Forward(status);
  return config;
}

}  // namespace tandem
