// See sim_link.h.
#include "lab/sim_link.h"

#include "wire/frame.h"

namespace tandem {

namespace {

// Frames that the receiver must bear twice; a handshake comes once.
bool IsSteady(const Bytes& frame) {
  const auto kind = static_cast<FrameKind>(frame[0]);
  return kind == FrameKind::kDrafts || kind == FrameKind::kVerdict || kind == FrameKind::kCredit ||
         kind == FrameKind::kCosts || kind == FrameKind::kHiddenRows || kind == FrameKind::kHiddenBack;
}

bool IsRowsBack(const Bytes& frame) {
  return static_cast<FrameKind>(frame[0]) == FrameKind::kHiddenBack;
}

}  // namespace

void SimLink::Tell(Side& side, Micros when, const char* why) {
  queue_.At(when, [self = shared_from_this(), &side, why] {
    if (!std::exchange(side.open, false)) return;
    side.end.on_closed({ErrorCode::kNetwork, why});
  });
}

void SimLink::Step() {
  if (edge_had_ < weather_.spared || events_++ != weather_.cut_at) return;
  const Micros now = queue_.Now();
  if (weather_.cut == Cut::kReset) {
    edge_.reached = cloud_.reached = false;
    Tell(edge_, now + weather_.shape.rtt / 2, "connection reset");
    Tell(cloud_, now + weather_.shape.rtt / 2, "connection reset");
    return;
  }
  if (weather_.cut != Cut::kDownLost) cloud_.reached = false;
  if (weather_.cut != Cut::kUpLost) edge_.reached = false;
  Tell(cloud_, now + weather_.idle_timeout, "silence");
  if (weather_.edge_is_told) Tell(edge_, now + weather_.idle_timeout, "silence");
}

void SimLink::Send(Side& from, Side& to, Bytes frame) {
  if (!from.open) return;
  Step();
  if (!to.reached) return;
  const bool twice = IsSteady(frame) && weather_.repeat_every > 0 && ++sent_ % weather_.repeat_every == 0;
  if (twice) Deliver(to, frame);
  Deliver(to, std::move(frame));
}

void SimLink::Deliver(Side& to, Bytes frame) {
  const Micros arrival = to.pipe.DeliverAt(frame.size(), queue_.Now());
  queue_.At(arrival, [self = shared_from_this(), &to, bytes = std::move(frame)]() mutable {
    if (!to.open || !to.reached) return;
    self->Step();
    if (!to.reached) return;
    self->edge_had_ += &to == &self->edge_ && !IsRowsBack(bytes) ? 1 : 0;
    to.end.on_frame(std::move(bytes));
  });
}

void SimLink::Close(Side& from, Side& to) {
  if (!std::exchange(from.open, false)) return;
  if (to.reached) Tell(to, to.pipe.DeliverAt(0, queue_.Now()), "closed by the peer");
}

}  // namespace tandem
