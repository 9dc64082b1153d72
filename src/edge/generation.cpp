// The loop, see generation.h. Every event ends in Pump, which starts whatever can start now.
#include "edge/generation.h"

#include <algorithm>

#include "base/prompt_span.h"
#include "codec/row_codec_spec.h"
#include "edge/generation_state.h"
#include "sample/quantise.h"

namespace tandem {

namespace {

// Tokens that the cloud may be ahead of what this side has: more than it writes in any round trip worth
// having, little enough to lose with a link.
constexpr int64_t kCredit = 128;

}  // namespace

const char* ModeName(Mode mode) {
  switch (mode) {
    case Mode::kEdge:
      return "edge";
    case Mode::kCloud:
      return "cloud";
    case Mode::kSync:
      return "sync";
    case Mode::kSpeculate:
      return "speculate";
    case Mode::kAuto:
      return "auto";
    case Mode::kSplit:
      return "split";
  }
  return "?";
}

const char* FinishName(Finish finish) {
  switch (finish) {
    case Finish::kNone:
      return "none";
    case Finish::kStop:
      return "stop";
    case Finish::kLength:
      return "length";
    case Finish::kError:
      return "error";
  }
  return "?";
}

namespace {

// The edge's model, where the mode needs one.
Status CheckModel(const GenerationConfig& config, const Engine* draft) {
  if (draft == nullptr)
    return Fail(ErrorCode::kUsage, "mode {} needs a model at the edge", ModeName(config.mode));
  if (config.prompt.size() >= static_cast<size_t>(draft->info().context)) {
    return Fail(ErrorCode::kContext, "the prompt has {} tokens, the context of {} holds {}",
                config.prompt.size(), draft->info().model_name, draft->info().context);
  }
  return {};
}

Status CheckSpans(const std::vector<PromptSpan>& spans, size_t length) {
  if (spans.size() > kMaxSpans) {
    return Fail(ErrorCode::kUsage, "a prompt of {} parts, at most {}", spans.size(), kMaxSpans);
  }
  if (const auto misfit = FindMisfit(spans, length)) {
    return Fail(ErrorCode::kUsage, "a prompt of {} ids with [{}, {}) after {}", length, misfit->span.begin,
                misfit->span.end, misfit->after);
  }
  return {};
}

Status CheckOffline(const GenerationConfig& config, const Engine* draft) {
  const bool drafts = draft != nullptr && !config.ngrams && config.mode != Mode::kCloud;
  if (drafts || !config.offline) return {};
  return Fail(ErrorCode::kUsage, "going on offline needs a draft model, which mode {}{} has not",
              ModeName(config.mode), config.ngrams ? " with n-grams" : "");
}

Status CheckCut(const GenerationConfig& config, bool looks_ahead) {
  if (config.mode != Mode::kSplit) return {};
  if (!config.cut) return Fail(ErrorCode::kUsage, "mode split without a cut");
  const auto codec = ParseRowCodec(config.cut->codec);
  if (!codec) return Forward(codec);
  if (config.rule != Rule::kCoupled)
    return Fail(ErrorCode::kUsage, "rule {} does not go with mode split", RuleName(config.rule));
  const auto back = ParseRowCodec(config.cut->HeadAtEdge() ? config.cut->codec_back : config.cut->codec);
  if (!back) return Forward(back);
  if (!looks_ahead || (IsRowLocal(*codec) && IsRowLocal(*back))) return {};
  return Fail(ErrorCode::kUsage,
              "codec {} codes rows together, so that text would depend on what was drafted: no look-ahead "
              "with it",
              IsRowLocal(*codec) ? config.cut->codec_back : config.cut->codec);
}

}  // namespace

// The first `drafts` are accepted drafts, the rest is by `rest`. Ids past the end of the text are dropped.
void Generation::State::Commit(const std::vector<Token>& tokens, int32_t drafts, Author rest, Micros now) {
  BookPlan(tokens.size());
  EdgeAction commit{.kind = EdgeAction::Kind::kCommit};
  Finish finish = Finish::kNone;
  for (size_t i = 0; i < tokens.size() && finish == Finish::kNone; ++i) {
    if (Ends(tokens[i])) {
      finish = Finish::kStop;
      break;
    }
    text.push_back(tokens[i]);
    commit.tokens.push_back(tokens[i]);
    commit.authors.push_back(static_cast<int32_t>(i) < drafts ? Author::kDraft : rest);
    ++stats.generated;
    if (Remaining() <= 0) finish = Finish::kLength;
  }
  if (!commit.tokens.empty()) {
    if (stats.first_token < Micros{0}) stats.first_token = now;
    Act(std::move(commit));
  }
  if (finish == Finish::kNone && welcome && config.mode != Mode::kEdge && Length() >= welcome->context) {
    Note(fmt::format("the text fills the cloud's context of {} tokens", welcome->context));
    finish = Finish::kLength;
  }
  if (finish == Finish::kNone && config.mode == Mode::kEdge && Length() >= drafter->context()) {
    Note(fmt::format("the text fills the model's context of {} tokens", drafter->context()));
    finish = Finish::kLength;
  }
  if (finish != Finish::kNone) Stop(finish, std::nullopt, now);
}

// How many drafts the text has room for now: the answer adds one token of the cloud's, and everybody's
// context ends somewhere.
int32_t Generation::State::Room() const {
  if (!drafter && !ngrams) return 0;
  int64_t room = Remaining() - 1;
  if (drafter) room = std::min<int64_t>(room, int64_t{drafter->context()} - Length() + 1);
  if (welcome) room = std::min<int64_t>(room, int64_t{welcome->context} - Length() - 1);
  return static_cast<int32_t>(std::max<int64_t>(room, 0));
}

WindowRule Generation::State::Rule() {
  const int32_t most = welcome ? std::max(1, welcome->max_draft) : config.draft_length;
  if (config.mode == Mode::kAuto) return planner.Now(most).rule;
  const int32_t chunk = std::min(config.draft_length, most);
  if (config.mode == Mode::kSync || (config.mode == Mode::kSplit && !drafter && !ngrams))
    return {chunk, chunk, true};
  const int32_t open = config.window > 0 ? config.window : planner.WindowFor(chunk);
  return {chunk, std::clamp(open, chunk, most), false, config.mode == Mode::kSplit};
}

// Running means of what was promised for each token.
void Generation::State::BookPlan(size_t tokens) {
  const auto mean = [&](double& value, double& weight, double us) {
    if (us <= 0 || tokens == 0) return;
    weight += static_cast<double>(tokens);
    value += (us - value) * static_cast<double>(tokens) / weight;
  };
  if (config.mode == Mode::kAuto)
    mean(stats.predicted_us, planned_tokens, planner.Now(welcome ? welcome->max_draft : 1).us_per_token);
  mean(stats.streaming_us, costed_tokens, planner.StreamingUs());
}

void Generation::State::Compute(Micros now) {
  branch = text;
  if (config.mode != Mode::kEdge) branch.insert(branch.end(), window.drafts().begin(), window.drafts().end());
  Result<SeqRows> next = drafter->Next(branch);
  if (!next) {
    Stop(Finish::kError, next.error(), now);
    return;
  }
  rows = *next;
  compute_at = now;
  Act({.kind = EdgeAction::Kind::kCompute});
}

// Drafts at once what the text's n-grams say. Returns what the branch has room for: where they say nothing it
// ends for now, and what it has goes out.
int32_t Generation::State::LookUp(const WindowRule& rule, int32_t room) {
  while (window.WantsDraft(rule, room)) {
    const std::optional<NgramDrafter::Guess> guess = ngrams->Next(text, window.drafts());
    if (!guess) return static_cast<int32_t>(window.drafts().size());
    planner.Draft(Micros{1});
    window.Add(guess->id, Ends(guess->id), guess->margin());
  }
  return room;
}

void Generation::State::TakeLogits(std::span<const float> logits, Micros now) {
  // A verdict may have changed the text meanwhile, or the cloud may be gone; then this continues a branch
  // that is gone.
  std::vector<Token> present = text;
  if (config.mode != Mode::kEdge)
    present.insert(present.end(), window.drafts().begin(), window.drafts().end());
  if (present != branch) return;
  if (config.mode == Mode::kEdge) return Commit({sampler.Pick(logits, branch)}, 0, Author::kEdge, now);
  if (NeedsLaws(config.rule)) return DrawByLaw(logits);
  const RaceResult pick = sampler.PickWithMargin(logits, branch);
  window.Add(pick.winner, Ends(pick.winner), pick.margin);
}

// The draft is drawn from exactly the law that is sent with it.
void Generation::State::DrawByLaw(std::span<const float> logits) {
  SparseDraft law = Quantise(sampler.Warp(logits, branch), Shape().grid);
  NoiseDraws draws;
  const BlockKey key{config.sampling.seed, Length(), window.epoch()};
  const Token id = DrawDraft(law, key, static_cast<Pos>(branch.size()), draws);
  if (id != kNoToken) window.Add(id, Ends(id), std::move(law));
}

void Generation::State::Pump(Micros now) {
  if (done) return;
  if (config.mode == Mode::kEdge) {
    if (!rows) Compute(now);
    return;
  }
  if (config.mode == Mode::kCloud) return;
  RenewCredit(now);
  int32_t room = Room();
  const WindowRule rule = Rule();
  if (ngrams) {
    room = LookUp(rule, room);
  } else if (!rows && window.WantsDraft(rule, room)) {
    Compute(now);
  }
  const int32_t worth = config.mode == Mode::kAuto ? std::min(room, planner.Worth(window.margins())) : room;
  if (done || link != LinkState::kOpen || !window.ReadyToSend(rule, room, worth)) return;
  const Drafts drafts = window.Send(rule, worth);
  in_flight.push_back({drafts.base + std::max<Pos>(1, static_cast<Pos>(drafts.ids.size())), now});
  if (!NeedsLaws(config.rule) || drafts.ids.empty()) return Send(drafts, now);
  const std::span laws(window.laws());
  const SqsBlock block{drafts.ids,
                       {laws.begin(), laws.begin() + static_cast<std::ptrdiff_t>(drafts.ids.size())}};
  const Result<Bytes> coded = EncodeSqs(block, Shape());
  if (!coded) return Stop(Finish::kError, coded.error(), now);
  Send(CodedDrafts{drafts.epoch, drafts.base, *coded}, now);
}

Pos Generation::State::CreditNow() const {
  if (!Streams() || !welcome) return 0;
  const int64_t all = std::min<int64_t>(welcome->context, int64_t{Length()} + Remaining());
  return static_cast<Pos>(config.mode == Mode::kCloud ? all : std::min<int64_t>(all, Length() + kCredit));
}

void Generation::State::RenewCredit(Micros now) {
  if (link != LinkState::kOpen || !Streams() || credit - Length() > kCredit / 2) return;
  const Pos more = CreditNow();
  if (more <= credit) return;
  Send(Credit{.run_until = more}, now);
  credit = more;
}

Generation::Generation(GenerationConfig config, Engine* draft)
    : state_(std::make_unique<State>(std::move(config), draft)) {}
Generation::~Generation() = default;

Status Generation::Check(const GenerationConfig& config, const Engine* draft) {
  if (Status s = CheckSpans(config.spans, config.prompt.size()); !s) return s;
  if (config.prompt.empty()) return Fail(ErrorCode::kUsage, "the prompt is empty");
  if (config.max_tokens < 1)
    return Fail(ErrorCode::kUsage, "{} tokens to generate, at least 1", config.max_tokens);
  if (Status s = Validate(config.sampling); !s) return s;
  if (Status s = CheckOffline(config, draft); !s) return s;
  if (config.mode == Mode::kCloud) return {};  // nothing is drafted, so no rule judges
  if (Status s = CheckCut(config, draft != nullptr || config.ngrams); !s) return s;
  if (config.ngrams && (config.mode == Mode::kEdge || NeedsLaws(config.rule)))
    return Fail(ErrorCode::kUsage, "mode {} with rule {} needs a model at the edge: n-grams only guess",
                ModeName(config.mode), RuleName(config.rule));
  if (config.mode == Mode::kSplit && draft == nullptr && !config.ngrams) return {};
  if (NeedsLaws(config.rule) && (config.mode != Mode::kSync || config.draft_length > kMaxCodedDrafts)) {
    return Fail(ErrorCode::kUsage, "rule {} needs mode sync and at most {} drafts, not mode {} and {}",
                RuleName(config.rule), kMaxCodedDrafts, ModeName(config.mode), config.draft_length);
  }
  if (config.draft_length < 1 || config.window < 0) {
    return Fail(ErrorCode::kUsage, "a draft length of {} (at least 1), a window of {} (at least 0)",
                config.draft_length, config.window);
  }
  return config.ngrams ? Status() : CheckModel(config, draft);
}

EdgeActions Generation::Start(Micros now) {
  state_->stats.started = now;
  if (state_->config.mode != Mode::kEdge) state_->Dial(now);
  state_->Pump(now);
  return std::exchange(state_->actions, {});
}

EdgeActions Generation::OnConnected(Micros now) {
  if (!state_->done && state_->link == LinkState::kDialing) {
    state_->link = LinkState::kGreeting;
    state_->Send(Hello{.software = state_->config.software, .vocab = state_->config.vocab}, now);
  }
  return std::exchange(state_->actions, {});
}

EdgeActions Generation::OnFrame(ByteView bytes, Micros now) {
  // Frames of a connection that this side has given up are nobody's.
  if (state_->done || state_->link < LinkState::kGreeting) return {};
  state_->last_heard = now;
  const Result<Frame> frame = Decode(bytes);
  const Status status = frame ? state_->Dispatch(*frame, now) : Status(Forward(frame));
  if (!status) state_->Violation(status.error(), now);
  state_->Pump(now);
  return std::exchange(state_->actions, {});
}

EdgeActions Generation::OnClosed(const Error& why, Micros now) {
  state_->Lost(why, now);
  state_->Pump(now);
  return std::exchange(state_->actions, {});
}

EdgeActions Generation::OnComputed(const Result<LogitsView>& logits, Micros now) {
  if (!state_->rows) return {};
  const bool wanted = state_->rows->logits > 0;
  if (wanted && state_->rows->tokens.size() == 1) state_->planner.Draft(now - state_->compute_at);
  state_->rows.reset();
  state_->stats.edge_compute += now - state_->compute_at;
  if (!logits) {
    state_->drafter->Failed();
    state_->Stop(Finish::kError, logits.error(), now);
  } else {
    state_->drafter->Done();
    if (wanted && !state_->done) state_->TakeLogits((*logits)[0], now);
  }
  state_->Pump(now);
  return std::exchange(state_->actions, {});
}

EdgeActions Generation::OnTimer(Micros now) {
  if (state_->done) return {};
  if (state_->link == LinkState::kWaiting && now >= state_->redial_at) {
    state_->Dial(now);
  } else if (state_->Owed() && now >= state_->last_heard + state_->Patience()) {
    state_->Act({.kind = EdgeAction::Kind::kDisconnect});
    state_->Lost({ErrorCode::kNetwork,
                  fmt::format("the cloud said nothing for {:.1f} s", ToMs(now - state_->last_heard) / 1000)},
                 now);
    state_->Pump(now);
  }
  return std::exchange(state_->actions, {});
}

EdgeActions Generation::Cancel(Micros now) {
  state_->Stop(Finish::kStop, std::nullopt, now);
  return std::exchange(state_->actions, {});
}

EdgeActions Generation::Recut(const ModelCut& cut, Micros now) {
  if (!state_->done && state_->config.mode == Mode::kSplit) state_->Recut(cut, now);
  return std::exchange(state_->actions, {});
}

EdgeActions Generation::Abort(Error why, Micros now) {
  state_->Stop(Finish::kError, std::move(why), now);
  return std::exchange(state_->actions, {});
}

void Generation::Heard(Micros now) {
  state_->last_heard = now;
}

EdgeActions Generation::OnBreach(const Error& why, Micros now) {
  if (state_->done || state_->link < LinkState::kGreeting) return {};
  state_->Violation(why, now);
  state_->Pump(now);
  return std::exchange(state_->actions, {});
}

std::optional<Micros> Generation::NextTimer() const {
  if (state_->done) return std::nullopt;
  if (state_->link == LinkState::kWaiting) return state_->redial_at;
  if (state_->Owed()) return state_->last_heard + state_->Patience();
  return std::nullopt;
}

std::vector<SeqRows> Generation::draft_rows() const {
  return state_->rows ? std::vector<SeqRows>{*state_->rows} : std::vector<SeqRows>{};
}

bool Generation::session_open() const {
  return state_->link == LinkState::kOpen;
}
const Planner& Generation::planner() const {
  return state_->planner;
}
const std::optional<Welcome>& Generation::welcome() const {
  return state_->welcome;
}
const std::vector<std::string>& Generation::notes() const {
  return state_->notes;
}
const std::vector<Token>& Generation::text() const {
  return state_->text;
}

const GenerationStats& Generation::stats() const {
  const WindowStats& w = state_->window.stats();
  GenerationStats& s = state_->stats;
  s.drafted = w.drafted, s.sent = w.sent, s.verified = w.verified, s.accepted = w.accepted, s.stale = w.stale;
  return s;
}

}  // namespace tandem
