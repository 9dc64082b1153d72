// See sim_edge.h.
#include "lab/sim_edge.h"

namespace tandem {
namespace {

constexpr Micros kDialTime{15'000};  // until a dial is answered or refused

}  // namespace

void SimEdge::Carry(const EdgeActions& actions) {
  for (const EdgeAction& action : actions) {
    if (finished_) breach_ += "an action after kFinish; ";
    Do(action);
  }
  Watch();
}

void SimEdge::Do(const EdgeAction& action) {
  switch (action.kind) {
    case EdgeAction::Kind::kConnect:
      return Connect();
    case EdgeAction::Kind::kSend:
      if (!link_) breach_ += "kSend without a connection; ";
      if (!front_) return Send(action.frame);
      if (Status s = front_->Pass(action.frame, generation_.text(), [this](Bytes b) { Send(b); }); !s)
        breach_ += "the front refused a step: " + s.error().message + "; ";
      return;
    case EdgeAction::Kind::kDisconnect:
      dialing_ = false;
      if (link_) link_->CloseEdge();
      link_ = nullptr;
      return;
    case EdgeAction::Kind::kCompute:
      return Compute();
    case EdgeAction::Kind::kCommit:
      if (action.tokens.empty() || action.tokens.size() != action.authors.size())
        breach_ += "an odd kCommit; ";
      shown_.insert(shown_.end(), action.tokens.begin(), action.tokens.end());
      authors_.insert(authors_.end(), action.authors.begin(), action.authors.end());
      return;
    case EdgeAction::Kind::kFinish:
      return Finished(action);
  }
}

void SimEdge::Send(const Bytes& frame) {
  if (generation_.session_open()) bytes_up_ += WebSocketBytes(frame.size(), Direction::kUp);
  if (link_) link_->SendUp(frame);
}

void SimEdge::Connect() {
  if (dialing_ || link_) breach_ += "kConnect beside a connection; ";
  dialing_ = true;
  const int n = dials_++;
  queue_.After(kDialTime, [this, n] {
    if (!std::exchange(dialing_, false)) return;
    const std::shared_ptr<SimLink> link = dial_ ? dial_(n) : nullptr;
    if (!link) return Carry(generation_.OnClosed({ErrorCode::kNetwork, "nobody listens"}, queue_.Now()));
    link_ = link;
    link->SetEdge(
        {.on_frame = [this](const Bytes& frame) { Carry(generation_.OnFrame(frame, queue_.Now())); },
         .on_closed =
             [this](const Error& why) {
               link_ = nullptr;
               Carry(generation_.OnClosed(why, queue_.Now()));
             }});
    Carry(generation_.OnConnected(queue_.Now()));
  });
}

void SimEdge::Compute() {
  if (std::exchange(computing_, true)) breach_ += "two Computes at once; ";
  queue_.After(draft_cost_, [this] {
    computing_ = false;
    const std::vector<SeqRows> rows = generation_.draft_rows();
    if (rows.empty()) breach_ += "a Compute without rows; ";
    const Result<LogitsView> logits = draft_->Step(rows);
    if (!logits) breach_ += "the draft refused a step: " + logits.error().message + "; ";
    Carry(generation_.OnComputed(logits, queue_.Now()));
  });
}

void SimEdge::Finished(const EdgeAction& action) {
  finished_ = true;
  finish_ = action.finish;
  error_ = action.error;
  if (link_) breach_ += "kFinish beside a connection; ";
  if ((finish_ == Finish::kError) != error_.has_value()) breach_ += "finish and error do not fit; ";
}

void SimEdge::Watch() {
  const std::optional<Micros> due = generation_.NextTimer();
  if (!due || finished_ || (watched_ && *watched_ <= *due)) return;
  watched_ = *due;
  queue_.At(*due, [this, when = *due] {
    if (watched_ != when) return;
    watched_.reset();
    const std::optional<Micros> now_due = generation_.NextTimer();
    if (now_due && *now_due <= queue_.Now()) Carry(generation_.OnTimer(queue_.Now()));
    Watch();
  });
}

}  // namespace tandem
