// The link's half of the loop: dialling, handshake, losses, and the frames of the cloud. See generation.h.
#include "edge/generation_state.h"

namespace tandem {
namespace {

constexpr int kMaxViolations = 3;  // frames of one cloud that make no sense, before we give up on it

bool EndsForGood(ErrorCode code) {
  return code != ErrorCode::kNetwork && code != ErrorCode::kBusy && code != ErrorCode::kInternal &&
         code != ErrorCode::kResource;
}

}  // namespace

void Generation::State::Stop(Finish finish, std::optional<Error> error, Micros now) {
  if (done) return;
  done = true;
  stats.finished = now;
  if (link == LinkState::kOpen || link == LinkState::kOpening)
    Act({.kind = EdgeAction::Kind::kSend, .frame = Encode(Close{})});
  if (link > LinkState::kWaiting) Act({.kind = EdgeAction::Kind::kDisconnect});
  link = LinkState::kNone;
  window.LinkLost();
  Act({.kind = EdgeAction::Kind::kFinish, .finish = finish, .error = std::move(error)});
}

void Generation::State::Recut(const ModelCut& cut, Micros now) {
  config.cut = cut;
  Note(fmt::format("from token {} on the model is cut before layer {}, its rows in {}", stats.generated,
                   cut.begin, cut.codec));
  planner.CloudCosts({});  // other layers take another time
  ++stats.recuts;
  recutting = true;
  if (link <= LinkState::kWaiting) return;  // the next session has the new cut
  if (link >= LinkState::kOpening) Act({.kind = EdgeAction::Kind::kSend, .frame = Encode(Close{})});
  Act({.kind = EdgeAction::Kind::kDisconnect});
  window.LinkLost();
  in_flight.clear();
  Dial(now);
}

void Generation::State::Dial(Micros now) {
  link = LinkState::kDialing;
  last_heard = now;
  Act({.kind = EdgeAction::Kind::kConnect});
}

// The connection is gone already. Before the first session each cloud may fail once, and the last one's
// failure ends the run; later ones are retried while patience lasts.
void Generation::State::Lost(const Error& why, Micros now, Micros hint) {
  if (done || link == LinkState::kNone || link == LinkState::kWaiting) return;
  link = LinkState::kNone;
  window.LinkLost();
  in_flight.clear();
  credit = 0;
  if (EndsForGood(why.code)) return Stop(Finish::kError, why, now);
  if (!established && ++failures >= config.clouds) return Unreachable(why, now);
  const std::optional<Micros> again = backoff.Lost(now, hint);
  if (!again)
    return Unreachable({why.code, fmt::format("the cloud stayed away for {:.1f} s: {}",
                                              ToMs(backoff.Away(now)) / 1000, why.message)},
                       now);
  link = LinkState::kWaiting;
  redial_at = *again;
}

// From here on the loop is that of mode edge. What was drafted for the cloud is computed again.
void Generation::State::Unreachable(const Error& why, Micros now) {
  if (!config.offline) return Stop(Finish::kError, why, now);
  if (Length() >= drafter->context()) {
    const std::string full = fmt::format("{}; the draft model cannot go on: its context of {} is full",
                                         why.message, drafter->context());
    return Stop(Finish::kError, Error{why.code, full}, now);
  }
  Note(fmt::format("from token {} on the text is the draft model's: {}", stats.generated + 1, why.message));
  stats.offline_from = stats.generated;
  config.mode = Mode::kEdge;
}

void Generation::State::Violation(const Error& why, Micros now) {
  if (done) return;
  Act({.kind = EdgeAction::Kind::kDisconnect});
  const std::string sentence = "the cloud breaks the protocol: " + why.message;
  const bool for_good = !established || ++violations >= kMaxViolations;
  Lost({for_good ? ErrorCode::kProtocol : ErrorCode::kNetwork, sentence}, now);
}

Status Generation::State::On(const Welcome& w, Micros now) {
  if (link != LinkState::kGreeting) return Fail(ErrorCode::kProtocol, "Welcome out of turn");
  if (w.version != kProtocolVersion) {
    Stop(Finish::kError,
         Error{ErrorCode::kProtocol, fmt::format("the cloud ({}) speaks protocol {}, this edge speaks {}",
                                                 w.software, w.version, kProtocolVersion)},
         now);
    return {};
  }
  if (w.vocab != config.vocab) {
    Stop(Finish::kError,
         Error{ErrorCode::kModel,
               fmt::format("the vocabularies differ: {} ids at the edge, {} ids in the cloud's {}",
                           config.vocab.size, w.vocab.size, w.model_name)},
         now);
    return {};
  }
  if (w.context <= Length()) {
    Stop(Finish::kError,
         Error{ErrorCode::kContext,
               fmt::format("a text of {} tokens leaves no room in the cloud's context of {}", Length(),
                           w.context)},
         now);
    return {};
  }
  if (Status s = CheckOffer(w); !s) {
    Stop(Finish::kError, s.error(), now);
    return {};
  }
  welcome = w;
  if (!w.exact) Note("the cloud does not promise one text for one seed with this model");
  if (!first_welcome) {
    first_welcome = w;
  } else if (first_welcome->weights != w.weights || first_welcome->fingerprint != w.fingerprint) {
    Note("the link came back to another model or other kernels: the text may differ from this seed's");
  }
  credit = CreditNow();
  Send(OpenNow(), now);
  asked_at = now;
  link = LinkState::kOpening;
  return {};
}

// Where the model is cut, the cloud hears of the ids that it wrote or judged itself, and of no others.
Open Generation::State::OpenNow() const {
  Open open{.ids = text,
            .spans = Spans(),
            .sampling = config.sampling,
            .epoch = window.epoch(),
            .run_until = credit,
            .rule = config.mode == Mode::kSync ? config.rule : Rule::kCoupled,
            .law_ids = Shape().grid.max_ids,
            .lattice = Shape().grid.lattice};
  if (config.mode != Mode::kSplit) return open;
  open.cut = config.cut;
  open.cut->untold = static_cast<Pos>(config.prompt.size());
  open.ids.erase(open.ids.begin(), open.ids.begin() + open.cut->untold);
  return open;
}

Status Generation::State::CheckOffer(const Welcome& w) const {
  if (config.mode != Mode::kSplit) return {};
  if (!w.split) return Fail(ErrorCode::kModel, "the cloud's {} is not served in parts", w.model_name);
  if (w.split->identity == config.cut->identity) return {};
  return Fail(ErrorCode::kModel, "the part here is of model {}, the cloud's {} is {}",
              Hex(config.cut->identity).substr(0, 12), w.model_name, Hex(w.split->identity).substr(0, 12));
}

Status Generation::State::On(const Opened& opened, Micros now) {
  if (link != LinkState::kOpening) return Fail(ErrorCode::kProtocol, "Opened out of turn");
  if (opened.length != Length())
    return Fail(ErrorCode::kProtocol, "Opened with {} of {} ids", opened.length, Length());
  link = LinkState::kOpen;
  stats.reconnects += established && !std::exchange(recutting, false) ? 1 : 0;
  established = true;
  stats.cloud_time += Micros(static_cast<int64_t>(opened.server_us));
  if (stats.opened < Micros{0}) stats.opened = now;
  stats.rows_came = Micros(static_cast<int64_t>(opened.rows_us));
  const Micros away = std::max(Micros{0}, now - asked_at - Micros(static_cast<int64_t>(opened.server_us)));
  planner.RoundTrip(away);
  if (config.mode == Mode::kCloud) stats.network.push_back(away);  // the only round trip it has
  return {};
}

// A verdict that came twice says what the text says already.
bool Generation::State::IsRepeated(const Verdict& verdict) const {
  const int64_t at = int64_t{verdict.base} + verdict.accepted;
  return verdict.accepted >= 0 && at < Length() && at >= static_cast<int64_t>(config.prompt.size()) &&
         text[static_cast<size_t>(at)] == verdict.token;
}

Status Generation::State::On(const Verdict& verdict, Micros now) {
  if (link != LinkState::kOpen) return Fail(ErrorCode::kProtocol, "a verdict out of turn");
  if (verdict.token < 0 || verdict.token >= config.vocab.size) {
    return Fail(ErrorCode::kProtocol, "a verdict with id {}, outside the vocabulary of {}", verdict.token,
                config.vocab.size);
  }
  if (IsRepeated(verdict)) return {};
  if (!window.InFlight() && Length() >= credit)
    return Fail(ErrorCode::kProtocol, "a verdict that was not asked for");
  const std::vector<double> margins = window.margins();
  const Result<Settled> settled = window.Take(verdict);
  if (!settled) return Forward(settled);
  backoff.Restored();  // not before: a cloud that only ever admits sessions must not be retried for ever
  BookVerdict(verdict, now);
  const auto margin = [&](int32_t i) { return margins[static_cast<size_t>(i)]; };
  for (int32_t i = 0; i < settled->guessed; ++i) planner.Judged(i, margin(i), true);
  if (settled->missed) planner.Judged(settled->guessed, margin(settled->guessed), false);
  const size_t drafted = static_cast<size_t>(settled->guessed) + (settled->missed ? 1 : 0);
  for (size_t i = 0; ngrams && i < settled->tokens.size(); ++i) planner.Met(i < drafted);
  Commit(settled->tokens, settled->drafts, Author::kCloud, now);
  if (settled->mismatch) in_flight.clear();
  return {};
}

// A verdict answers the oldest frame that ends beyond the text before it, if it judged drafts or was asked
// for.
void Generation::State::BookVerdict(const Verdict& verdict, Micros now) {
  stats.cloud_time += Micros(static_cast<int64_t>(verdict.server_us));
  stats.held += Micros(static_cast<int64_t>(verdict.waited_us));
  while (!in_flight.empty() && in_flight.front().first <= verdict.base) in_flight.pop_front();
  if (in_flight.empty() || (verdict.judged == 0 && Streams())) return;
  ++stats.rounds;
  BookRoundTrip(in_flight.front().second, verdict.server_us, now);
}

Status Generation::State::On(const Costs& costs) {
  if (link != LinkState::kOpen) return Fail(ErrorCode::kProtocol, "Costs out of turn");
  if (costs.step_us.empty() || costs.step_us.front() == 0)
    return Fail(ErrorCode::kProtocol, "Costs without the cost of one row");
  planner.CloudCosts(costs);
  return {};
}

void Generation::State::On(const Fault& fault, Micros now) {
  Act({.kind = EdgeAction::Kind::kDisconnect});
  Lost({fault.code, fault.message}, now, Micros(int64_t{fault.retry_after_ms} * 1000));
}

Status Generation::State::Dispatch(const Frame& frame, Micros now) {
  if (const auto* welcome_frame = std::get_if<Welcome>(&frame)) return On(*welcome_frame, now);
  if (const auto* opened = std::get_if<Opened>(&frame)) return On(*opened, now);
  if (const auto* verdict = std::get_if<Verdict>(&frame)) return On(*verdict, now);
  if (const auto* costs = std::get_if<Costs>(&frame)) return On(*costs);
  if (const auto* fault = std::get_if<Fault>(&frame)) {
    On(*fault, now);
    return {};
  }
  return Fail(ErrorCode::kProtocol, "a cloud does not send {}", FrameName(frame));
}

}  // namespace tandem
