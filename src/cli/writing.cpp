// See writing.h.
#include "cli/writing.h"

namespace tandem {

Result<Writing> Write(const WritingSpec& spec, EdgeModel& edge, const Dialer& dial, TextPrinter& printer,
                      const std::atomic<bool>& cancel) {
  auto config = ConfigOf(spec, edge);
  if (!config) return Forward(config);
  RunHooks hooks;
  hooks.cancel = &cancel;
  hooks.on_commit = [&](std::span<const Token> tokens, std::span<const Author> authors) {
    printer.Add(tokens, authors);
  };
  if (edge.moving) hooks.recut = [&](const CutFacts& facts) { return edge.moving->Next(facts); };
  const EdgeEngines engines{.draft = edge.draft.get(),
                            .front = edge.split ? edge.split->front.get() : nullptr,
                            .back = edge.split ? edge.split->back.get() : nullptr};
  RunResult result = RunGeneration(*config, engines, dial, hooks);
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
                    .plan = std::move(result.plan),
                    .front_time = result.front_time};
  writing.report.bytes.setup += std::exchange(edge.vocabulary_link_bytes, 0);
  return writing;
}

}  // namespace tandem
