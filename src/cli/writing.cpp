// See writing.h.
#include "cli/writing.h"

#include "cli/version.h"

namespace tandem {

namespace {

Result<PromptIds> PromptOf(const WritingSpec& spec, const Vocab& vocab) {
  if (spec.ids) return *spec.ids;
  if (spec.prompt.empty()) return Fail(ErrorCode::kUsage, "the prompt is empty");
  auto ids = vocab.Tokenize(spec.prompt, true, true);
  if (!ids) return Forward(ids);
  return PromptIds{std::move(*ids), {}};
}

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
  config.rule = spec.rule;
  config.end_tokens = edge.vocab->end_tokens();
  config.software = SoftwareName();
  config.vocab = edge.vocab->identity();
  config.clouds = spec.clouds;
  config.retry_for = spec.retry_for;
  if (auto status = Generation::Check(config, edge.draft.get()); !status) return Forward(status);
  return config;
}

}  // namespace

Result<Writing> Write(const WritingSpec& spec, EdgeModel& edge, const Dialer& dial, TextPrinter& printer,
                      const std::atomic<bool>& cancel) {
  auto config = ConfigOf(spec, edge);
  if (!config) return Forward(config);
  RunHooks hooks;
  hooks.cancel = &cancel;
  hooks.on_commit = [&](std::span<const Token> tokens, std::span<const Author> authors) {
    printer.Add(tokens, authors);
  };
  RunResult result = RunGeneration(*config, edge.draft.get(), dial, hooks);
  printer.End();

  Writing writing;
  writing.notes = std::move(result.notes);
  writing.report = {.mode = spec.mode,
                    .seed = spec.sampling.seed,
                    .prompt = spec.prompt,
                    .text = printer.text(),
                    .tokens = std::move(result.tokens),
                    .finish = result.finish,
                    .error = std::move(result.error),
                    .stats = std::move(result.stats),
                    .bytes = result.bytes,
                    .plan = std::move(result.plan)};
  return writing;
}

}  // namespace tandem
