// See runner.h.
#include "edge/runner.h"

#include <algorithm>

#include "base/clock.h"
#include "edge/frame_inbox.h"
#include "edge/link_facts.h"

namespace tandem {
namespace {

constexpr Micros kCancelPoll{50'000};
constexpr Micros kGoodbye{250'000};

class Runner {
 public:
  Runner(const GenerationConfig& config, const EdgeEngines& engines, const Dialer& dial,
         const RunHooks& hooks)
      : generation_(config, engines.draft),
        engines_(engines),
        dial_(dial),
        hooks_(hooks),
        prompt_(config.prompt.size()) {}

  RunResult Run() {
    Carry(generation_.Start(clock_.Now()));
    while (!finished_) Turn();
    Hang();
    const std::vector<Token>& text = generation_.text();
    result_.tokens.assign(text.begin() + static_cast<std::ptrdiff_t>(prompt_), text.end());
    result_.stats = generation_.stats();
    result_.notes = generation_.notes();
    result_.plan.bound_us = generation_.planner().BoundUs();
    for (const uint32_t us : generation_.planner().costs().step_us)
      result_.plan.step_costs.push_back(Micros(us));
    result_.plan.up_bytes_per_us = seen_.Facts(generation_).up_bytes_per_us;
    result_.welcome = generation_.welcome();
    return std::move(result_);
  }

 private:
  // One event: a frame if there is one, else the draft step that waits, else whatever comes first.
  void Turn() {
    if (hooks_.cancel != nullptr && hooks_.cancel->load()) return Carry(generation_.Cancel(clock_.Now()));
    if (hooks_.recut) Recut();
    if (engines_.back != nullptr && generation_.session_open() && Ruled()) return;
    const std::optional<Micros> timer = generation_.NextTimer();
    const Micros left = timer ? std::max(Micros{0}, *timer - clock_.Now()) : kCancelPoll;
    // What has arrived comes before what is overdue: a long draft step must not look like a silent cloud.
    const Micros wait = compute_ ? Micros{0} : std::min(kCancelPoll, left);
    if (const std::optional<LinkEvent> event = inbox_.Take(wait)) return On(*event);
    if (timer && clock_.Now() >= *timer) return Carry(generation_.OnTimer(clock_.Now()));
    if (compute_) Compute();
  }

  // Once a token: nothing else tells of another cut.
  void Recut() {
    if (generation_.stats().generated == recut_asked_ || generation_.stats().offline_from) return;
    recut_asked_ = generation_.stats().generated;
    const auto part = hooks_.recut(seen_.Facts(generation_));
    if (!part) return Carry(generation_.Abort(part.error(), clock_.Now()));
    if (*part == nullptr) return;
    engines_.front = (*part)->front.get();
    seen_.Moved();
    Carry(generation_.Recut((*part)->cut, clock_.Now()));
  }

  void On(const LinkEvent& event) {
    if (event.connection != connection_id_ || !connection_) return;  // of a connection given up since
    if (!event.closed) {
      if (engines_.back != nullptr) {
        const Result<Frame> frame = Decode(event.frame);
        if (frame && std::holds_alternative<HiddenBack>(*frame))
          return TakeRows(std::get<HiddenBack>(*frame));
      }
      const bool opening = !generation_.session_open();
      EdgeActions actions = generation_.OnFrame(event.frame, clock_.Now());
      if (opening && generation_.session_open()) seen_.Opened(generation_.stats());
      Settle();  // before the first draft goes out: what came up to Opened is set-up
      return Carry(std::move(actions));
    }
    Book();
    was_open_ = false;
    connection_.reset();
    Carry(generation_.OnClosed(*event.closed, clock_.Now()));
  }

  void Compute() {
    compute_ = false;
    const std::vector<SeqRows> rows = generation_.draft_rows();
    Carry(generation_.OnComputed(engines_.draft->Step(rows), clock_.Now()));
  }

  void Carry(EdgeActions actions) {
    for (EdgeAction& action : actions) Do(action);
  }

  void Do(EdgeAction& action) {
    switch (action.kind) {
      case EdgeAction::Kind::kConnect:
        return Connect();
      case EdgeAction::Kind::kSend:
        return engines_.front != nullptr ? SendRows(std::move(action.frame)) : Send(std::move(action.frame));
      case EdgeAction::Kind::kDisconnect:
        return Hang();
      case EdgeAction::Kind::kCompute:
        compute_ = true;
        return;
      case EdgeAction::Kind::kCommit:
        if (hooks_.on_commit) hooks_.on_commit(action.tokens, action.authors);
        return;
      case EdgeAction::Kind::kFinish:
        finished_ = true;
        result_.finish = action.finish;
        result_.error = action.error;
    }
  }

  // A refused frame means a lost link; the transport reports that by itself.
  void Send(Bytes frame) {
    if (connection_) (void)connection_->Send(std::move(frame));
  }

  // Ids leave as rows.
  void SendRows(Bytes frame) {
    const Micros begun = clock_.Now();
    Status status;
    if (engines_.back != nullptr) status = NoteForBack(frame);
    const bool opening = !generation_.session_open();
    if (opening) seen_.Burst();
    if (status)
      status = engines_.front->Pass(std::move(frame), generation_.text(), [&](Bytes rows) {
        if (opening) seen_.Sent(clock_.Now(), rows.size());
        Send(std::move(rows));
      });
    const Micros took = clock_.Now() - begun;
    if (!opening) seen_.Front(took, engines_.front->computed());
    result_.front_time += took;
    if (!status) Carry(generation_.Abort(status.error(), clock_.Now()));
  }

  Status NoteForBack(const Bytes& bytes) {
    const Result<Frame> frame = Decode(bytes);
    return frame ? engines_.back->Leaves(*frame) : Status(Forward(frame));
  }

  void TakeRows(const HiddenBack& rows) {
    const Micros begun = clock_.Now();
    generation_.Heard(begun);
    const Status status = engines_.back->Take(rows);
    result_.front_time += clock_.Now() - begun;
    if (status) return;
    const bool breach = status.error().code == ErrorCode::kProtocol;
    Carry(breach ? generation_.OnBreach(status.error(), clock_.Now())
                 : generation_.Abort(status.error(), clock_.Now()));
  }

  // Hands the loop what the head here says; false when it says nothing yet.
  bool Ruled() {
    const Micros begun = clock_.Now();
    const auto verdict = engines_.back->Next(generation_.text());
    result_.front_time += clock_.Now() - begun;
    if (verdict && !*verdict) return false;
    Carry(verdict ? generation_.OnFrame(Encode(**verdict), clock_.Now())
                  : generation_.Abort(verdict.error(), clock_.Now()));
    return true;
  }

  void Connect() {
    Hang();
    const uint64_t id = ++connection_id_;
    Result<std::unique_ptr<Connection>> connection =
        dial_({.on_frame = [this, id](Bytes frame) { inbox_.Frame(id, std::move(frame)); },
               .on_closed = [this, id](Error why) { inbox_.Closed(id, std::move(why)); }});
    if (!connection) return Carry(generation_.OnClosed(connection.error(), clock_.Now()));
    connection_ = std::move(*connection);
    booked_ = {};
    Carry(generation_.OnConnected(clock_.Now()));
  }

  // Books what was counted since the last call: as set-up until the session is open. It stays open for the
  // books until the connection is gone: a goodbye is no set-up.
  void Settle() {
    if (!connection_) return;
    if (generation_.session_open() || was_open_) Book();
    was_open_ = was_open_ || generation_.session_open();
  }

  void Book() {
    const ByteCount now = connection_->counted();
    const uint64_t up = now.sent - booked_.sent, down = now.received - booked_.received;
    (was_open_ ? result_.bytes.up : result_.bytes.setup) += up;
    (was_open_ ? result_.bytes.down : result_.bytes.setup) += down;
    booked_ = now;
  }

  void Hang() {
    if (!connection_) return;
    connection_->Close();
    // The goodbye is counted, too, if the peer is there to answer it.
    const Micros until = clock_.Now() + kGoodbye;
    for (bool closed = false; !closed && clock_.Now() < until;) {
      const std::optional<LinkEvent> event = inbox_.Take(until - clock_.Now());
      closed = event && event->connection == connection_id_ && event->closed;
    }
    Book();
    was_open_ = false;
    connection_.reset();
  }

  SteadyClock clock_;
  FrameInbox inbox_;  // outlives the connection whose callbacks fill it
  Generation generation_;
  EdgeEngines engines_;
  const Dialer& dial_;
  const RunHooks& hooks_;
  LinkFacts seen_;
  uint64_t recut_asked_ = 0;
  size_t prompt_;
  std::unique_ptr<Connection> connection_;
  uint64_t connection_id_ = 0;
  ByteCount booked_;
  bool was_open_ = false;
  bool compute_ = false;
  bool finished_ = false;
  RunResult result_;
};

}  // namespace

RunResult RunGeneration(const GenerationConfig& config, const EdgeEngines& engines, const Dialer& dial,
                        const RunHooks& hooks) {
  return Runner(config, engines, dial, hooks).Run();
}

}  // namespace tandem
