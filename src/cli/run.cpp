// tandem run: writes one text, alone, by the cloud, or both together. See run.h for what chat shares.
#include "cli/run.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/software.h"
#include "cli/chat_text.h"
#include "cli/layer_ranges.h"
#include "cli/model_path.h"
#include "cli/output.h"
#include "cli/signal_watch.h"
#include "cli/terminal.h"
#include "cli/token_file.h"
#include "cli/verbs.h"
#include "cli/writing.h"
#include "edge/dialer.h"
#include "wire/ws_url.h"

namespace tandem {

namespace {

Mode ModeOf(const Arguments& arguments) {
  std::string name = arguments.Text("mode");
  for (const Mode mode :
       {Mode::kEdge, Mode::kCloud, Mode::kSync, Mode::kSpeculate, Mode::kAuto, Mode::kSplit}) {
    if (name == ModeName(mode)) return mode;
  }
  if (!arguments.Given("cloud")) return Mode::kEdge;
  const bool waits = NeedsLaws(ParseRule(arguments.Text("rule")).value_or(Rule::kCoupled));
  return waits ? Mode::kSync : Mode::kAuto;
}

bool LooksUp(const Arguments& arguments) {
  return arguments.Text("drafter") == "ngram";
}

LinkShape ShapeOf(const Arguments& arguments, uint64_t seed) {
  return {.rtt = arguments.Duration("rtt"),
          .jitter = arguments.Duration("jitter"),
          .rates = arguments.Rate("rate"),
          .loss = arguments.Loss("loss"),
          .seed = seed};
}

}  // namespace

SamplingParams SamplingOf(const Arguments& arguments) {
  SamplingParams sampling;
  sampling.seed = arguments.Seed("seed");
  sampling.temperature = static_cast<float>(arguments.Number("temp"));
  sampling.top_k = static_cast<int32_t>(arguments.Integer("top-k"));
  sampling.top_p = static_cast<float>(arguments.Number("top-p"));
  sampling.min_p = static_cast<float>(arguments.Number("min-p"));
  sampling.repeat_penalty = static_cast<float>(arguments.Number("repeat-penalty"));
  return sampling;
}

WritingSpec SpecOf(const Arguments& arguments) {
  WritingSpec spec;
  spec.mode = ModeOf(arguments);
  spec.prompt = arguments.Text("prompt");
  spec.max_tokens = static_cast<int32_t>(arguments.Integer("predict"));
  spec.sampling = SamplingOf(arguments);
  spec.draft_length = static_cast<int32_t>(arguments.Integer("draft"));
  spec.window = static_cast<int32_t>(arguments.Integer("window"));
  spec.ngrams = LooksUp(arguments);
  spec.rule = ParseRule(arguments.Text("rule")).value_or(Rule::kCoupled);  // the table has checked the word
  spec.clouds = std::max(1, static_cast<int32_t>(arguments.Texts("cloud").size()));
  spec.retry_for = arguments.Duration("retry-for");
  return spec;
}

Result<Dialer> DialerOf(const Arguments& arguments, Mode mode, uint64_t seed) {
  if (mode == Mode::kEdge) return Dialer();
  if (!arguments.Given("cloud")) {
    return Fail(ErrorCode::kUsage, "--mode {} needs --cloud ws://HOST:PORT", ModeName(mode));
  }
  const auto token = TokenOf(arguments);
  if (!token) return Forward(token);
  std::vector<CloudRoute> routes;
  for (const std::string& url : arguments.Texts("cloud"))
    routes.push_back({url, *token, ShapeOf(arguments, seed), arguments.Text("ca")});
  return MakeDialer(routes);
}

namespace {

Result<SplitPlan> SplitOf(const Arguments& arguments) {
  const auto away = ParseSplit(arguments.Text("split"));
  if (!away) return Forward(away);
  if (arguments.Given("codec-back") && !away->end)
    return Fail(ErrorCode::kUsage, "--codec-back needs --split A:B: with --split {} no rows come back",
                away->begin);
  const std::string codec = arguments.Text("codec");
  return SplitPlan{.begin = away->begin,
                   .end = away->end,
                   .codec = codec,
                   .codec_back = arguments.Given("codec-back") ? arguments.Text("codec-back") : codec,
                   .importance = arguments.Text("importance")};
}

// The edge's layers of the cloud's model, and a draft model only where one is named.
Result<EdgeModel> SplitModelOf(const Arguments& arguments, const LoadEngineOptions& options) {
  for (const char* needed : {"split", "part"}) {
    if (!arguments.Given(needed)) return Fail(ErrorCode::kUsage, "--mode split needs --{}", needed);
  }
  const auto plan = SplitOf(arguments);
  if (!plan) return Forward(plan);
  const auto part = FindModel(arguments.Text("part"));
  if (!part) return Forward(part);
  auto edge = LoadEdgeModel(*part, Mode::kCloud, options);
  if (!edge) return Forward(edge);
  auto split = LoadEdgeSplit(*part, *plan, options);
  if (!split) return Forward(split);
  edge->split = std::move(*split);
  std::vector<CutChange> changes;
  for (const std::string& text : arguments.Texts("recut")) {
    const auto change = ParseRecut(text);
    if (!change) return Forward(change);
    if (!changes.empty() && change->after <= changes.back().after)
      return Fail(ErrorCode::kUsage, "--recut {} comes after {} tokens, the one before it after {}", text,
                  change->after, changes.back().after);
    changes.push_back(*change);
  }
  if (!changes.empty() && plan->end)
    return Fail(ErrorCode::kUsage, "--recut moves where the cloud begins, and --split {}:{} has two ends",
                plan->begin, *plan->end);
  if (!changes.empty()) edge->recuts.emplace(*part, *plan, options, std::move(changes));
  if (!arguments.Given("model") || LooksUp(arguments)) return edge;
  const auto path = FindModel(arguments.Text("model"));
  if (!path) return Forward(path);
  auto draft = LoadEdgeModel(*path, Mode::kSpeculate, options);
  if (!draft) return Forward(draft);
  if (draft->vocab->identity() != edge->vocab->identity())
    return Fail(ErrorCode::kModel, "the vocabularies of {} and {} differ", *path, *part);
  edge->draft = std::move(draft->draft);
  return edge;
}

}  // namespace

Result<EdgeModel> ModelOf(const Arguments& arguments, Mode mode, const Dialer& dial,
                          const std::atomic<bool>& cancel) {
  const bool alone = mode == Mode::kEdge || mode == Mode::kSplit;  // needs a file in any case
  const bool thin = mode == Mode::kCloud || (!alone && LooksUp(arguments));
  if (thin && !arguments.Given("model"))
    return TakeEdgeModel({.dial = dial,
                          .clouds = static_cast<int>(arguments.Texts("cloud").size()),
                          .software = SoftwareName(),
                          .cancel = &cancel});
  int threads = arguments.Given("threads") ? static_cast<int>(arguments.Integer("threads")) : AllThreads();
  const LoadEngineOptions options{.threads = threads,
                                  .context = static_cast<Pos>(arguments.Integer("ctx")),
                                  .device = arguments.Text("device")};
  if (mode == Mode::kSplit) return SplitModelOf(arguments, options);
  auto path = FindModel(arguments.Text("model"));
  if (!path) return Forward(path);
  if (thin) return LoadEdgeVocabulary(*path);
  return LoadEdgeModel(*path, mode, options);
}

Result<ChatText> ChatOf(const Arguments& arguments, const EdgeModel& edge) {
  auto chat_template = FindTemplate(arguments.Text("template"), *edge.vocab);
  if (!chat_template) return Forward(chat_template);
  return ChatText(*edge.vocab, std::move(*chat_template), arguments.Text("system"));
}

namespace {

// --chat: the prompt becomes one user message.
Status PutThroughTemplate(const Arguments& arguments, const EdgeModel& edge, WritingSpec& spec) {
  if (!arguments.Switch("chat")) return {};
  const auto chat = ChatOf(arguments, edge);
  if (!chat) return Forward(chat);
  auto asked = chat->Ask(spec.prompt);
  if (!asked) return Forward(asked);
  spec.ids = std::move(*asked);
  return {};
}

void WarnOfClearToken(const Arguments& arguments) {
  for (const std::string& text : arguments.Texts("cloud")) {
    auto url = ParseWsUrl(text);
    if (!url || url->tls || IsLoopback(url->host)) continue;
    Tell(fmt::format("the token crosses the network to {} in the clear: wss:// would hide it", url->host));
  }
}

std::string WhoseVocabulary(const EdgeModel& edge) {
  std::string way = edge.vocabulary_bytes == 0 ? "known from before"
                                               : fmt::format("{} bytes, taken over", edge.vocabulary_bytes);
  return fmt::format("no --model given: the vocabulary is that of the cloud's {} ({})",
                     edge.vocab->model_name(), way);
}

}  // namespace

void Announce(const Arguments& arguments, const WritingSpec& spec, const EdgeModel& edge, bool color) {
  if (!edge.path.empty() && !arguments.Given("model"))
    Tell(fmt::format("no --model given: the edge's model is {}", edge.path));
  if (edge.path.empty()) Tell(WhoseVocabulary(edge));
  if (arguments.Text("seed") == "random") Tell(fmt::format("seed {}", spec.sampling.seed));
  if (spec.mode != Mode::kEdge && arguments.Given("token-file")) WarnOfClearToken(arguments);
  if (color) Tell(ColorLegend());
  if (edge.draft && spec.mode == Mode::kEdge && !edge.draft->info().exact) {
    Tell(fmt::format("one seed may give several texts: {}", edge.draft->info().exact_note));
  }
}

namespace {

void Summarize(const TextReport& report) {
  std::string line =
      fmt::format("{} tokens in {:.2f} s, {:.1f} a second, the first after {:.0f} ms", report.stats.generated,
                  report.TotalMs() / 1000, report.TokensPerSecond(), report.FirstTokenMs());
  if (report.stats.verified > 0)
    line += fmt::format("; {:.0f} % of drafts accepted", 100 * report.Acceptance());
  if (report.mode == Mode::kAuto && report.stats.predicted_us > 0)
    line += fmt::format("; {:.1f} ms a token, planned {:.1f}", report.MsPerToken(),
                        report.stats.predicted_us / 1000);
  if (report.stats.streaming_us > 0)
    line += fmt::format("; {:+.1f} ms a token against the cloud alone", report.Regret());
  if (report.mode != Mode::kEdge && report.stats.generated > 0) {
    double tokens = static_cast<double>(report.stats.generated);
    line += fmt::format("; {:.1f} bytes up and {:.1f} down a token",
                        static_cast<double>(report.bytes.up) / tokens,
                        static_cast<double>(report.bytes.down) / tokens);
  }
  Tell(line);
}

int Finished(const Writing& writing, int signal, bool json) {
  if (!json && IsTerminal(stdout)) fmt::print("\n");
  for (const std::string& note : writing.notes) Tell(note);
  if (writing.report.error) Tell(writing.report.error->message);
  if (!writing.report.error && IsTerminal(stderr)) Summarize(writing.report);
  if (json) PrintJson(ToJson(writing.report));
  if (signal != 0) return 128 + signal;
  return writing.report.error ? ExitCode(writing.report.error->code) : 0;
}

}  // namespace

int RunVerb(const Arguments& arguments) {
  bool json = arguments.Switch("json");
  std::atomic<bool> cancel{false};  // outlives the watch, which may set it
  SignalWatch signals;
  WritingSpec spec = SpecOf(arguments);
  auto dial = DialerOf(arguments, spec.mode, spec.sampling.seed);
  if (!dial) return Report(dial.error(), json);
  signals.SetAction([&] { cancel = true; });
  auto edge = ModelOf(arguments, spec.mode, *dial, cancel);
  if (!edge) {
    int code = Report(edge.error(), json);
    return signals.Signalled() ? 128 + signals.signal() : code;
  }

  if (const auto status = PutThroughTemplate(arguments, *edge, spec); !status)
    return Report(status.error(), json);

  bool color = !json && WantsColor(arguments.Text("color"), stdout);
  Announce(arguments, spec, *edge, color);
  TextPrinter printer(*edge->vocab, json ? nullptr : stdout, color);
  auto writing = Write(spec, *edge, *dial, printer, cancel);
  signals.SetAction({});
  if (!writing) return Report(writing.error(), json);
  return Finished(*writing, signals.signal(), json);
}

}  // namespace tandem
