// Moving frames between two processes, behind an interface: WebSocket over TCP or TLS (websocket.h),
// in-memory (memory_transport.h), and either of them behind a shaped link (shaped_link.h).
//
// Threading: callbacks of one connection come one at a time, on a thread of the transport; they must not
// block. Send and Close may be called from any thread, also from within a callback.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/bytes.h"
#include "base/result.h"

namespace tandem {

// Bytes above TCP in both directions: WebSocket headers and masks, HTTP upgrade, pings and payload, and over
// wss:// the TLS handshake and records, counted at the socket.
struct ByteCount {
  uint64_t sent = 0;
  uint64_t received = 0;
};

class Connection {
 public:
  virtual ~Connection() = default;  // closes; no callback runs after the destructor returned
  // Queues a frame. kResource when the outbox (outbox_bytes) is full: the peer reads too slowly; kNetwork
  // when closed.
  virtual Status Send(Bytes frame) = 0;
  virtual void Close() = 0;               // flushes what is queued, then closes; idempotent
  virtual ByteCount counted() const = 0;  // thread-safe
};

struct ConnectionCallbacks {
  std::function<void(Bytes frame)> on_frame;
  std::function<void(Error why)> on_closed;  // once, last; kNetwork for a lost link, also after our own Close
};

struct LinkLimits {
  size_t max_frame_bytes = 8u << 20;  // a larger incoming message closes the connection
  size_t outbox_bytes = 16u << 20;    // queued and not yet written
  int connect_timeout_ms = 5000;      // TCP connect and upgrade together
  int idle_timeout_ms = 30000;  // silence (pings are sent at half of it) after which the link counts as lost
};

}  // namespace tandem
