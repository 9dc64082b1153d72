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
  Rule();
  Watch();
}

void SimEdge::Rule() {
  if (!back_ || ruling_) return;
  ruling_ = true;
  while (!finished_ && generation_.session_open()) {
    const auto verdict = back_->Next(generation_.text());
    if (!verdict) breach_ += "the back refused a step: " + verdict.error().message + "; ";
    if (!verdict || !*verdict) break;
    Carry(generation_.OnFrame(Encode(**verdict), queue_.Now()));
  }
  ruling_ = false;
}

void SimEdge::Hear(const Bytes& bytes) {
  const Result<Frame> frame = Decode(bytes);
  if (!back_ || !frame || !std::holds_alternative<HiddenBack>(*frame))
    return Carry(generation_.OnFrame(bytes, queue_.Now()));
  generation_.Heard(queue_.Now());
  if (Status s = back_->Take(std::get<HiddenBack>(*frame)); !s)
    breach_ += "the back refused rows: " + s.error().message + "; ";
  Carry({});
}

void SimEdge::Do(const EdgeAction& action) {
  switch (action.kind) {
    case EdgeAction::Kind::kConnect:
      return Connect();
    case EdgeAction::Kind::kSend:
      if (!link_) breach_ += "kSend without a connection; ";
      return front_ ? SendRows(action.frame) : Send(action.frame);
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

void SimEdge::SendRows(const Bytes& frame) {
  if (back_) {
    if (Status s = back_->Leaves(Decode(frame).value()); !s)
      breach_ += "the back refused a frame: " + s.error().message + "; ";
  }
  if (Status s = front_->Pass(frame, generation_.text(), [this](Bytes b) { Send(b); }); !s)
    breach_ += "the front refused a step: " + s.error().message + "; ";
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
    link->SetEdge({.on_frame = [this](const Bytes& frame) { Hear(frame); },
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
