// Two connections joined in memory, for tests and simulations: no threads. What is sent waits on the wire
// until the test delivers it, so a run repeats exactly: in the order of sending over both directions, or,
// over a shaped wire, in the order of arrival by link_shape.h under a virtual clock.
//
// Not thread-safe. Callbacks run inside Deliver, DeliverAll and Cut, and may send, close and deliver. Counted
// bytes are those of the frames alone: there is no framing here.
#pragma once

#include <memory>
#include <optional>

#include "base/clock.h"
#include "base/result.h"
#include "wire/link_shape.h"
#include "wire/transport.h"

namespace tandem {

class MemoryWire {
 public:
  virtual ~MemoryWire() = default;
  // What comes first: a frame, or a close; false when nothing waits. Over a shaped wire the clock is moved on
  // to its arrival.
  virtual bool Deliver() = 0;
  // When the next Deliver is due; nullopt when nothing waits. What is not shaped is due at once, at 0.
  virtual std::optional<Micros> NextArrival() const = 0;
  virtual void Cut(const Error& why) = 0;  // loses what waits and tells both ends
  void DeliverAll() {
    while (Deliver()) {
    }
  }
};

struct MemoryPair {
  std::shared_ptr<MemoryWire> wire;
  std::unique_ptr<Connection> left, right;
};

// Limits work as over a socket: an end whose outbox_bytes wait undelivered, or that sends more than
// max_frame_bytes, closes the link. The time-outs have no meaning here.
MemoryPair JoinInMemory(ConnectionCallbacks left, ConnectionCallbacks right, const LinkLimits& limits = {});

// Over a link of that shape, which left, the edge, sends up. clock must outlive the wire.
MemoryPair JoinShapedInMemory(ConnectionCallbacks left, ConnectionCallbacks right, const LinkLimits& limits,
                              VirtualClock& clock, const LinkShape& shape, const LinkUse& use = {});

}  // namespace tandem
