// The public face (include/tandem/tandem.h) on the rooms below: its plain values become theirs, and back.
#include <tandem/tandem.h>

#include <cmath>

#include "base/software.h"
#include "base/utf8.h"
#include "edge/dialer.h"
#include "edge/edge_model.h"
#include "edge/runner.h"
#include "edge/writing_spec.h"

namespace tandem {
namespace {

constexpr int kMaxThreads = 256, kMaxContext = 1 << 20, kMaxDraft = 64, kMaxWindow = 1024;
constexpr double kMaxRetrySeconds = 3600;

tandem::Mode ModeOf(const Writer::Options& options) {
  switch (options.mode) {
    case Writer::Mode::kEdge:
      return tandem::Mode::kEdge;
    case Writer::Mode::kCloud:
      return tandem::Mode::kCloud;
    case Writer::Mode::kSync:
      return tandem::Mode::kSync;
    case Writer::Mode::kSpeculate:
      return tandem::Mode::kSpeculate;
    case Writer::Mode::kAuto:
      break;
  }
  return options.cloud.empty() ? tandem::Mode::kEdge : tandem::Mode::kAuto;
}

Writer::Author AuthorOf(tandem::Author author) {
  switch (author) {
    case tandem::Author::kDraft:
      return Writer::Author::kDraft;
    case tandem::Author::kCloud:
      return Writer::Author::kCloud;
    case tandem::Author::kEdge:
      break;
  }
  return Writer::Author::kEdge;
}

Writer::Failure FailureOf(const Error& error) {
  return {ExitCode(error.code), ErrorName(error.code), error.message};
}

Status CheckRange(const char* what, int64_t value, int64_t low, int64_t high) {
  if (value >= low && value <= high) return {};
  return Fail(ErrorCode::kUsage, "{} is {}, not {} to {}", what, value, low, high);
}

Status CheckOptions(const Writer::Options& options) {
  if (Status s = CheckRange("threads", options.threads, 0, kMaxThreads); !s) return s;
  if (Status s = CheckRange("context", options.context, 0, kMaxContext); !s) return s;
  const tandem::Mode mode = ModeOf(options);
  if (mode != tandem::Mode::kEdge && options.cloud.empty())
    return Fail(ErrorCode::kUsage, "mode {} needs a cloud", ModeName(mode));
  if (mode != tandem::Mode::kCloud && options.model.empty())
    return Fail(ErrorCode::kUsage, "mode {} needs a model", ModeName(mode));
  return {};
}

int32_t CloudsOf(const Writer::Options& options) {
  return static_cast<int32_t>(1 + options.replicas.size());
}

// Empty in mode edge.
Result<Dialer> DialerOf(const Writer::Options& options) {
  if (ModeOf(options) == tandem::Mode::kEdge) return Dialer();
  std::vector<CloudRoute> routes{{options.cloud, options.token, {}, options.ca_file}};
  for (const std::string& replica : options.replicas)
    routes.push_back({replica, options.token, {}, options.ca_file});
  return MakeDialer(routes);
}

Result<EdgeModel> ModelFor(const Writer::Options& options, const Dialer& dial) {
  if (options.model.empty())
    return TakeEdgeModel({.dial = dial, .clouds = CloudsOf(options), .software = SoftwareName()});
  return LoadEdgeModel(options.model, ModeOf(options),
                       {.threads = options.threads > 0 ? options.threads : AllThreads(),
                        .context = options.context,
                        .device = options.device});
}

Result<WritingSpec> SpecOf(const Writer::Request& request, tandem::Mode mode) {
  if (Status s = CheckRange("draft_length", request.draft_length, 1, kMaxDraft); !s) return Forward(s);
  if (Status s = CheckRange("window", request.window, 0, kMaxWindow); !s) return Forward(s);
  if (!(request.retry_seconds >= 0 && request.retry_seconds <= kMaxRetrySeconds)) {
    return Fail(ErrorCode::kUsage, "retry_seconds is {}, not 0 to {}", request.retry_seconds,
                kMaxRetrySeconds);
  }
  WritingSpec spec;
  spec.mode = mode;
  spec.prompt = request.prompt;
  spec.max_tokens = request.max_tokens;
  spec.sampling.seed = request.seed;
  spec.sampling.temperature = request.temperature;
  spec.sampling.top_k = request.top_k;
  spec.sampling.top_p = request.top_p;
  spec.sampling.min_p = request.min_p;
  spec.sampling.repeat_penalty = request.repeat_penalty;
  spec.draft_length = request.draft_length;
  spec.window = request.window;
  spec.retry_for = Micros{std::llround(request.retry_seconds * 1e6)};
  return spec;
}

Writer::Statistics StatisticsOf(const GenerationStats& stats, const LinkBytes& bytes) {
  Writer::Statistics told;
  told.generated = stats.generated;
  told.drafted = stats.drafted;
  told.sent = stats.sent;
  told.verified = stats.verified;
  told.accepted = stats.accepted;
  told.stale = stats.stale;
  told.rounds = stats.rounds;
  told.reconnects = stats.reconnects;
  told.setup_bytes = bytes.setup;
  told.uplink_bytes = bytes.up;
  told.downlink_bytes = bytes.down;
  if (stats.first_token >= Micros{0}) told.first_token_ms = ToMs(stats.first_token - stats.started);
  told.total_ms = ToMs(stats.finished - stats.started);
  told.edge_ms = ToMs(stats.edge_compute);
  told.cloud_ms = ToMs(stats.cloud_time);
  return told;
}

// Committed ids become whole characters for the callback, and the text.
class Teller {
 public:
  Teller(const Vocab& vocab, const std::function<bool(const Writer::Token&)>& on_token,
         std::atomic<bool>& cancelled)
      : vocab_(vocab), on_token_(on_token), cancelled_(cancelled) {}

  void Tell(std::span<const tandem::Token> tokens, std::span<const tandem::Author> authors) {
    for (size_t i = 0; i < tokens.size() && !refused_; ++i) {
      const std::string piece = vocab_.Piece(tokens[i]);
      text.text += piece;
      text.tokens.push_back(tokens[i]);
      const std::string shown = joiner_.Add(piece);
      if (!on_token_ || on_token_({tokens[i], AuthorOf(authors[i]), shown})) continue;
      refused_ = true;  // what else was committed at once is left out of the text
      cancelled_ = true;
    }
  }

  Writer::Text text;

 private:
  const Vocab& vocab_;
  const std::function<bool(const Writer::Token&)>& on_token_;
  std::atomic<bool>& cancelled_;
  Utf8Joiner joiner_;
  bool refused_ = false;
};

Writer::Ending EndingOf(const RunResult& result, bool cancelled) {
  if (result.error) return Writer::Ending::kFailed;
  if (cancelled) return Writer::Ending::kCancelled;
  return result.finish == Finish::kLength ? Writer::Ending::kLength : Writer::Ending::kStop;
}

}  // namespace

struct Writer::State {
  tandem::Mode mode;
  int32_t clouds;
  Dialer dial;
  EdgeModel edge;
};

Writer::Writer(std::unique_ptr<State> state) : state_(std::move(state)) {}
Writer::~Writer() = default;

std::unique_ptr<Writer> Writer::Open(const Options& options, Failure& why) {
  why = {};
  const auto refuse = [&why](const Error& error) {
    why = FailureOf(error);
    return nullptr;
  };
  if (const Status s = CheckOptions(options); !s) return refuse(s.error());
  auto dial = DialerOf(options);
  if (!dial) return refuse(dial.error());
  auto edge = ModelFor(options, *dial);
  if (!edge) return refuse(edge.error());
  return std::unique_ptr<Writer>(new Writer(std::make_unique<State>(
      State{ModeOf(options), CloudsOf(options), std::move(*dial), std::move(*edge)})));
}

Writer::Text Writer::Write(const Request& request, const std::function<bool(const Token&)>& on_token) {
  const auto refused = [](const Error& error) {
    Text text;
    text.failure = FailureOf(error);
    return text;
  };
  auto spec = SpecOf(request, state_->mode);
  if (!spec) return refused(spec.error());
  spec->clouds = state_->clouds;
  const auto config = ConfigOf(*spec, state_->edge);
  if (!config) return refused(config.error());

  Teller teller(*state_->edge.vocab, on_token, cancelled_);
  RunHooks hooks;
  hooks.cancel = &cancelled_;
  hooks.on_commit = [&teller](auto tokens, auto authors) { teller.Tell(tokens, authors); };
  const Dialer dial = state_->dial;  // a copy begins with the cloud that the last text ended with
  RunResult result = RunGeneration(*config, {.draft = state_->edge.draft.get()}, dial, hooks);

  Text text = std::move(teller.text);
  text.ending = EndingOf(result, cancelled_.exchange(false));
  if (result.error) text.failure = FailureOf(*result.error);
  result.bytes.setup += std::exchange(state_->edge.vocabulary_link_bytes, 0);
  text.statistics = StatisticsOf(result.stats, result.bytes);
  text.notes = std::move(result.notes);
  if (state_->mode == tandem::Mode::kEdge && !state_->edge.draft->info().exact)
    text.notes.push_back("one seed may give several texts: " + state_->edge.draft->info().exact_note);
  return text;
}

void Writer::Cancel() {
  cancelled_ = true;
}

const char* Version() {
  return kProgramVersion;
}

}  // namespace tandem
