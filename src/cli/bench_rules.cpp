// See bench_rules.h.
#include "cli/bench_rules.h"

#include <memory>

#include "decode/ggml_engine.h"
#include "model/model.h"
#include "wire/frame.h"

namespace tandem {
namespace {

struct Pair {
  const char* name;
  bool target_drafts;
  bool hot;
};
constexpr Pair kPairs[] = {{"demo", false, false}, {"self", true, false}, {"hot", false, true}};
constexpr Rule kRules[] = {Rule::kCoupled, Rule::kToken, Rule::kBlock};

Result<std::unique_ptr<GgmlEngine>> EngineOf(const std::shared_ptr<const Model>& model, int threads) {
  GgmlEngineOptions options;
  options.threads = threads;
  return GgmlEngine::Create(model, options);
}

// What is loaded once for all rows.
struct Cast {
  std::unique_ptr<GgmlEngine> target, twin, draft;
  std::shared_ptr<const Vocab> vocab;
  std::vector<std::vector<Token>> prompts;
};

Status LoadEngines(const RulesBenchOptions& options, Cast& cast) {
  const auto target = Model::Load(options.target), draft = Model::Load(options.draft);
  if (!target) return Forward(target);
  if (!draft) return Forward(draft);
  for (const auto& [place, model] :
       {std::pair{&cast.target, *target}, {&cast.twin, *target}, {&cast.draft, *draft}}) {
    auto engine = EngineOf(model, options.threads);
    if (!engine) return Forward(engine);
    *place = std::move(*engine);
  }
  const int vocab = cast.target->info().vocab_size, other = cast.draft->info().vocab_size;
  if (vocab == other) return {};
  return Fail(ErrorCode::kModel, "the target has {} tokens and the draft {}", vocab, other);
}

Result<Cast> Load(const RulesBenchOptions& options) {
  Cast cast;
  if (Status s = LoadEngines(options, cast); !s) return Forward(s);
  auto vocab = Vocab::Load(options.target);
  if (!vocab) return Forward(vocab);
  cast.vocab = *vocab;
  for (const std::string& prompt : options.prompts) {
    auto ids = cast.vocab->Tokenize(prompt, true, false);
    if (!ids) return Forward(ids);
    if (ids->empty()) return Fail(ErrorCode::kUsage, "the prompt '{}' has no tokens", prompt);
    cast.prompts.push_back(std::move(*ids));
  }
  return cast;
}

Result<SqsShape> ShapeOf(const RulesBenchOptions& options, const Cast& cast) {
  if (options.draft_length < 1 || options.draft_length > kMaxCodedDrafts) {
    return Fail(ErrorCode::kUsage, "a block of {} drafts is outside 1..{}", options.draft_length,
                kMaxCodedDrafts);
  }
  const SqsShape shape{.grid = {.vocab = cast.target->info().vocab_size,
                                .max_ids = options.max_ids,
                                .lattice = options.lattice},
                       .max_drafts = kMaxCodedDrafts};
  if (Status s = Check(shape); !s) return Forward(s);
  return shape;
}

Result<RulesBenchRow> Measure(const RulesBenchOptions& options, const Cast& cast, const SqsShape& shape,
                              const Pair& pair, RulesBenchRow row) {
  SpeculationSetup setup{.rule = row.rule,
                         .target = {.temperature = row.temperature},
                         .draft = {.temperature = pair.hot ? kHotDraft : row.temperature},
                         .shape = shape,
                         .draft_length = options.draft_length,
                         .tokens = options.tokens,
                         .vocab = cast.vocab.get()};
  const SpeculationEngines engines{cast.target.get(),
                                   pair.target_drafts ? cast.twin.get() : cast.draft.get()};
  setup.target.seed = options.seed;
  for (const std::vector<Token>& prompt : cast.prompts) {
    if (Status s = Speculate(engines, setup, prompt, row.counts); !s) return Forward(s);
    ++setup.target.seed;
  }
  return row;
}

double Ratio(uint64_t a, uint64_t b) {
  return b == 0 ? 0.0 : static_cast<double>(a) / static_cast<double>(b);
}

}  // namespace

double RulesBenchRow::TokensPerRound() const {
  return Ratio(counts.tokens, counts.rounds);
}
double RulesBenchRow::Acceptance() const {
  return Ratio(counts.accepted, counts.verified);
}
double RulesBenchRow::BytesPerToken() const {
  return Ratio(counts.uplink_bytes, counts.tokens);
}

Result<std::vector<RulesBenchRow>> BenchRules(const RulesBenchOptions& options,
                                              const std::function<void(std::string_view)>& progress) {
  if (options.prompts.empty()) return Fail(ErrorCode::kUsage, "there are 0 prompts, at least 1 is needed");
  const Result<Cast> cast = Load(options);
  if (!cast) return Forward(cast);
  const Result<SqsShape> shape = ShapeOf(options, *cast);
  if (!shape) return Forward(shape);
  std::vector<RulesBenchRow> rows;
  for (const Pair& pair : kPairs) {
    for (const float temperature : options.temperatures) {
      for (const Rule rule : kRules) {
        progress(fmt::format("pair {}, temperature {}, rule {}", pair.name, temperature, RuleName(rule)));
        Result<RulesBenchRow> row = Measure(options, *cast, *shape, pair, {pair.name, rule, temperature, {}});
        if (!row) return Forward(row);
        rows.push_back(std::move(*row));
      }
    }
  }
  return rows;
}

}  // namespace tandem
