// Connections, faults, steps, time-outs; see service.h.
#include "cloud/service.h"

#include <algorithm>
#include <limits>

#include "cloud/service_state.h"

namespace tandem {
namespace {

constexpr Micros kCostsPause{500'000};  // between two Costs for one session
constexpr int kCostsTold = 16;          // row counts in them

// A change of a cost that is worth a frame.
bool Differs(uint32_t a, uint32_t b) {
  return std::max(a, b) * 10ull > std::min(a, b) * 12ull;
}

}  // namespace

void Station::Book(const StepPlan& done, Micros took) {
  int rows = 0;
  double tokens = 0;
  for (const SeqRows& part : done.rows) rows += static_cast<int>(part.tokens.size());
  if (done.prompts) return;
  for (const StepPart& part : done.parts) tokens += part.session->expected_tokens();
  costs.Observe(rows, took);
  load += 0.2 * (rows - load);
  load_tokens += 0.2 * (tokens - load_tokens);
}

Status Service::State::On(ConnId conn, Peer& peer, const Hello& hello) {
  if (peer.greeted) return Fail(ErrorCode::kProtocol, "a second Hello on one connection");
  if (hello.version != kProtocolVersion) {
    return Fail(ErrorCode::kProtocol, "the edge ({}) speaks protocol {}, this cloud ({}) speaks {}",
                hello.software, hello.version, config.software, kProtocolVersion);
  }
  if (hello.has_vocab && hello.vocab != config.vocab) {
    return Fail(ErrorCode::kModel,
                "the vocabularies differ: {} ids (sha256 {}) at the edge, {} ids (sha256 {}) in the cloud",
                hello.vocab.size, Hex(hello.vocab.digest).substr(0, 12), config.vocab.size,
                Hex(config.vocab.digest).substr(0, 12));
  }
  peer.greeted = true;
  const EngineInfo& info = engine.info();
  Send(conn, Welcome{.software = config.software,
                     .model_name = info.model_name,
                     .vocab = config.vocab,
                     .weights = config.weights,
                     .fingerprint = info.fingerprint,
                     .exact = info.exact,
                     .context = info.context,
                     .max_draft = limits.max_draft,
                     .vocabulary = OfferTo(peer, hello),
                     .split = config.parts ? std::optional(config.parts->offer) : std::nullopt});
  return {};
}

std::optional<VocabularyOffer> Service::State::OfferTo(Peer& peer, const Hello& hello) const {
  if (hello.has_vocab || !config.vocabulary) return std::nullopt;
  peer.vocabulary_offered = config.vocabulary->bytes.size();
  return config.vocabulary->offer();
}

Status Service::State::On(ConnId conn, Peer& peer, const VocabularyWanted& wanted) {
  if (wanted.offset != peer.vocabulary_sent || wanted.offset >= peer.vocabulary_offered) {
    return Fail(ErrorCode::kProtocol, "the vocabulary is wanted from byte {}, but {} of {} offered are sent",
                wanted.offset, peer.vocabulary_sent, peer.vocabulary_offered);
  }
  const ByteView rest = ByteView(config.vocabulary->bytes).subspan(wanted.offset);
  const ByteView part = rest.first(std::min(rest.size(), kMaxVocabularyPart));
  peer.vocabulary_sent += part.size();
  Send(conn, VocabularyPart{.offset = wanted.offset, .bytes = Bytes(part.begin(), part.end())});
  return {};
}

void Service::State::TellCosts(ConnId conn, Peer& peer, Micros now) {
  const Station& at = *peer.station;
  if (!at.costs.known() || (!peer.told.step_us.empty() && now - peer.told_at < kCostsPause)) return;
  // The session's own rows of late are part of the load; one at least is.
  const auto here = std::count_if(peers.begin(), peers.end(),
                                  [&](const auto& other) { return other.second.station == peer.station; });
  const double others = 1 - 1.0 / static_cast<double>(here);
  const StepSoFar beside{&at.costs, static_cast<int>(at.load * others), at.load_tokens * others};
  Costs news;
  for (int rows = 1; rows <= kCostsTold; ++rows)
    news.step_us.push_back(static_cast<uint32_t>(std::min<double>(
        CostToSession(rows, peer.session->acceptance(), beside), std::numeric_limits<uint32_t>::max())));
  const bool same = !peer.told.step_us.empty() && !Differs(peer.told.step_us.front(), news.step_us.front()) &&
                    !Differs(peer.told.step_us.back(), news.step_us.back());
  if (same) return;
  peer.told = news;
  peer.told_at = now;
  Send(conn, news);
}

Status Service::State::On(ConnId conn, Peer& peer, const Frame& frame, Micros now) {
  peer.since = std::max(peer.since, now);
  if (const auto* hello = std::get_if<Hello>(&frame)) return On(conn, peer, *hello);
  if (!peer.greeted) return Fail(ErrorCode::kProtocol, "{} before Hello", FrameName(frame));
  if (const auto* open = std::get_if<Open>(&frame)) return On(conn, peer, *open, now);
  if (const auto* wanted = std::get_if<VocabularyWanted>(&frame)) return On(conn, peer, *wanted);
  if (std::holds_alternative<Close>(frame)) {
    Retire(peer);
    return {};
  }
  if (!peer.InSession()) return Fail(ErrorCode::kProtocol, "{} without a session", FrameName(frame));
  if (peer.pipe) {
    if (const auto* rows = std::get_if<HiddenRows>(&frame)) return peer.pipe->OnRows(*rows, now);
    return Fail(ErrorCode::kProtocol, "{} where rows alone go in and out", FrameName(frame));
  }
  if (const auto* drafts = std::get_if<Drafts>(&frame)) return peer.session->OnDrafts(*drafts, now);
  if (const auto* coded = std::get_if<CodedDrafts>(&frame)) return peer.session->OnDrafts(*coded, now);
  if (const auto* credit = std::get_if<Credit>(&frame)) return peer.session->OnCredit(*credit);
  if (const auto* rows = std::get_if<HiddenRows>(&frame)) return peer.session->OnRows(*rows, now);
  return Fail(ErrorCode::kProtocol, "an edge does not send {}", FrameName(frame));
}

ServiceStats& ServiceStats::operator+=(const ServiceStats& other) {
  sessions_opened += other.sessions_opened;
  sessions_refused += other.sessions_refused;
  sessions_faulted += other.sessions_faulted;
  rows_shared += other.rows_shared;
  steps += other.steps;
  rows += other.rows;
  tokens_committed += other.tokens_committed;
  drafts_verified += other.drafts_verified;
  drafts_accepted += other.drafts_accepted;
  drafts_stale += other.drafts_stale;
  return *this;
}

Status Service::Check(const EngineInfo& engine, const ServiceConfig& config) {
  if (engine.max_rows < kBulkRows || config.prefill_rows < kBulkRows) {
    return Fail(ErrorCode::kUsage, "steps of {} rows, {} of them for prompts: both need {}", engine.max_rows,
                config.prefill_rows, kBulkRows);
  }
  const size_t positions = engine.position_bytes == 0 ? 0 : config.kv_memory / engine.position_bytes;
  if (config.kv_memory > 0 && engine.position_bytes > 0 &&
      positions < static_cast<size_t>(engine.context) + kRoomToGrow) {
    return Fail(ErrorCode::kUsage,
                "{} bytes for caches hold {} positions, and one text of the context needs {}",
                config.kv_memory, positions, engine.context + kRoomToGrow);
  }
  if (config.prefix_cache != 0 && (config.prefix_cache < 0 || config.prefix_cache >= engine.max_sequences))
    return Fail(ErrorCode::kUsage, "{} texts to keep, the engine has {} sequences", config.prefix_cache,
                engine.max_sequences);
  if (config.max_sessions < 1 || config.max_connections < 1 || config.max_draft < 1) {
    return Fail(ErrorCode::kUsage, "{} sessions, {} connections, {} drafts: each must be at least 1",
                config.max_sessions, config.max_connections, config.max_draft);
  }
  return {};
}

Service::Service(Engine& engine, ServiceConfig config)
    : state_(std::make_unique<State>(engine, std::move(config))) {}
Service::~Service() = default;

Actions Service::OnConnect(ConnId conn, Micros now) {
  if (static_cast<int32_t>(state_->peers.size()) >= state_->config.max_connections) {
    state_->Send(conn, FaultOf({ErrorCode::kBusy, fmt::format("all {} connections are taken",
                                                              state_->config.max_connections)}));
    state_->Hangup(conn);
  } else {
    state_->peers[conn].since = now;
  }
  return state_->Take();
}

Actions Service::OnFrame(ConnId conn, ByteView bytes, Micros now) {
  const auto it = state_->peers.find(conn);
  if (it == state_->peers.end()) return {};  // frames already on their way when its connection was ended
  const Result<Frame> frame = Decode(bytes);
  if (frame && std::holds_alternative<Fault>(*frame)) {
    state_->Hangup(conn);
    return state_->Take();
  }
  const Status status = frame ? state_->On(conn, it->second, *frame, now) : Status(Forward(frame));
  if (!status) state_->End(conn, status.error());
  return state_->Take();
}

Actions Service::OnDisconnect(ConnId conn, Micros) {
  state_->Forget(conn);
  return state_->Take();
}

Actions Service::OnTick(Micros now) {
  std::vector<std::pair<ConnId, Error>> late;
  for (const auto& [conn, peer] : state_->peers) {
    if (peer.WorkDue()) continue;
    const Micros active = peer.LastActive();
    const Micros allowed = peer.greeted ? state_->config.session_timeout : state_->config.hello_timeout;
    if (now - active < allowed) continue;
    late.push_back(
        {conn,
         {ErrorCode::kNetwork, fmt::format("nothing heard for {:.1f} s", ToMs(now - active) / 1000.0)}});
  }
  for (const auto& [conn, why] : late) state_->End(conn, why);
  return state_->Take();
}

Actions Service::Shutdown() {
  while (!state_->peers.empty()) {
    const ConnId conn = state_->peers.begin()->first;
    state_->Send(conn, FaultOf({ErrorCode::kBusy, "the cloud is shutting down"}));
    state_->Hangup(conn);
  }
  return state_->Take();
}

void Service::Drain() {
  state_->draining = true;
}
bool Service::Drained() const {
  return state_->draining && state_->sessions() == 0;
}

std::vector<StepPart> Service::State::WaitingAt(const Station& station) const {
  std::vector<StepPart> waiting;
  const auto live = Live();
  for (const auto& [conn, peer] : peers) {
    if (peer.station.get() != &station) continue;
    if (!peer.session->SharesRows() || !prefixes.HadBetterWait(*peer.session, live))
      waiting.push_back({conn, peer.session, 0});
  }
  return waiting;
}

// Stations take turns: the one that stepped last comes last.
std::vector<SeqRows> Service::PlanStep(Micros now) {
  std::vector<std::shared_ptr<Station>> order{state_->whole};
  for (const auto& [layers, part] : state_->parts) order.push_back(part);
  const auto last = std::find(order.begin(), order.end(), state_->stepping);
  if (last != order.end()) std::rotate(order.begin(), last + 1, order.end());
  state_->planned_at = now;
  for (const auto& station : order) {
    state_->plan = station->engine.info().output_width > 0
                       ? state_->PlanPipes(*station)
                       : station->batcher.Plan(state_->WaitingAt(*station), station->costs, now);
    state_->stepping = station;
    if (!state_->plan.rows.empty()) break;
  }
  return state_->plan.rows;
}

Engine& Service::step_engine() {
  return state_->stepping->engine;
}

Actions Service::OnStepDone(const Result<LogitsView>& logits, Micros now) {
  const StepPlan plan = std::exchange(state_->plan, {});
  const std::vector<PipePart> piped = std::exchange(state_->piped, {});
  const bool whole = logits && logits->rows() == plan.logits;
  if (whole) {
    ++state_->stats.steps;
    state_->stepping->Book(plan, now - state_->planned_at);
  }
  const Error lacks{ErrorCode::kInternal, "the engine's step lacks rows"};
  const Result<LogitsView> complete = logits && !whole ? Result<LogitsView>(tl::unexpected(lacks)) : logits;
  if (whole && !piped.empty()) state_->stats.rows += static_cast<uint64_t>(plan.logits);
  state_->OnPiped(piped, complete, now);
  for (size_t i = 0; i < plan.parts.size(); ++i) {
    const StepPart& part = plan.parts[i];
    const auto it = state_->peers.find(part.conn);
    if (it == state_->peers.end() || it->second.session != part.session) {  // ended during the step
      state_->Keep(*part.session);
      continue;
    }
    Result<std::optional<Frame>> frame;
    if (whole) {
      state_->stats.rows += plan.rows[i].tokens.size();
      frame = part.session->OnLogits(*logits, part.first_logits, state_->stepping->costs, now);
    } else {
      frame = tl::unexpected(complete.error());
    }
    if (!frame) {
      state_->End(part.conn, frame.error());
    } else if (*frame) {
      state_->Send(part.conn, **frame);
      state_->TellCosts(part.conn, it->second, now);
    }
  }
  state_->SharePrefixes(now);
  state_->ShedYoungest();
  return state_->Take();
}

std::optional<Micros> Service::WorkDue() const {
  std::optional<Micros> first;
  for (const auto& [conn, peer] : state_->peers) {
    const std::optional<Micros> due = peer.WorkDue();
    if (due && (!first || *due < *first)) first = due;
  }
  return first;
}

void Service::Learn(int rows, Micros took) {
  state_->whole->costs.Observe(rows, took);
}

int Service::sessions() const {
  return state_->sessions();
}
int Service::cached_texts() const {
  return state_->prefixes.texts();
}
const ServiceStats& Service::stats() const {
  return state_->stats;
}

}  // namespace tandem
