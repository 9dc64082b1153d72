// Two connections joined in memory, for tests and simulations: no threads, no clock. What is sent waits on
// the wire until the test delivers it, in the order of sending over both directions, so a run repeats
// exactly.
//
// Not thread-safe. Callbacks run inside Deliver, DeliverAll and Cut, and may send, close and deliver. Counted
// bytes are those of the frames alone: there is no framing here.
#pragma once

#include <memory>

#include "base/result.h"
#include "wire/transport.h"

namespace tandem {

class MemoryWire {
 public:
  virtual ~MemoryWire() = default;
  virtual bool Deliver() = 0;  // what was sent first: a frame, or a close; false when nothing waits
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

}  // namespace tandem
