// What the transport hands to the inference thread, in order. Bounded without blocking anybody: the transport
// stops reading a connection while its frames wait here (WsServerOptions::max_unconsumed), and what a
// connection left here is forgotten when it closes, so that peers that come and go in a hurry do not pile up.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <string>

#include "base/bytes.h"
#include "base/types.h"

namespace tandem {

struct InboxEvent {
  enum class Kind { kOpened, kFrame, kClosed };
  Kind kind = Kind::kFrame;
  uint64_t conn = 0;
  Bytes frame{};  // kFrame
  Micros arrived{0};
};

// Thread-safe; one thread takes.
class Inbox {
 public:
  void Opened(uint64_t conn, Micros now);
  void Frame(uint64_t conn, Bytes frame, Micros now);
  // Forgets what the connection left. If its Opened was still here, nobody has seen it and nobody need hear.
  void Closed(uint64_t conn, Micros now);

  // Lets the taker go without an event.
  void Wake();

  // All that waits. Sleeps until there is something, Wake, or `patience` is over; returns at once when
  // patience is 0.
  std::deque<InboxEvent> Take(Micros patience);

  size_t size() const;

 private:
  void Put(InboxEvent event);

  mutable std::mutex mutex_;
  std::condition_variable filled_;
  std::deque<InboxEvent> events_;
  bool woken_ = false;
};

}  // namespace tandem
