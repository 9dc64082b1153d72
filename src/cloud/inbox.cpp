// See inbox.h.
#include "cloud/inbox.h"

#include <algorithm>
#include <utility>

namespace tandem {

void Inbox::Put(InboxEvent event) {
  {
    const std::lock_guard lock(mutex_);
    events_.push_back(std::move(event));
  }
  filled_.notify_one();
}

void Inbox::Opened(uint64_t conn, Micros now) {
  Put({.kind = InboxEvent::Kind::kOpened, .conn = conn, .arrived = now});
}

void Inbox::Frame(uint64_t conn, Bytes frame, Micros now) {
  Put({.kind = InboxEvent::Kind::kFrame, .conn = conn, .frame = std::move(frame), .arrived = now});
}

void Inbox::Closed(uint64_t conn, Micros now) {
  {
    const std::lock_guard lock(mutex_);
    bool unseen = false;
    std::erase_if(events_, [&](const InboxEvent& event) {
      unseen = unseen || (event.conn == conn && event.kind == InboxEvent::Kind::kOpened);
      return event.conn == conn;
    });
    if (unseen) return;
    events_.push_back({.kind = InboxEvent::Kind::kClosed, .conn = conn, .arrived = now});
  }
  filled_.notify_one();
}

void Inbox::Wake() {
  {
    const std::lock_guard lock(mutex_);
    woken_ = true;
  }
  filled_.notify_one();
}

std::deque<InboxEvent> Inbox::Take(Micros patience) {
  std::unique_lock lock(mutex_);
  if (patience > Micros{0}) filled_.wait_for(lock, patience, [this] { return woken_ || !events_.empty(); });
  woken_ = false;
  return std::exchange(events_, {});
}

size_t Inbox::size() const {
  const std::lock_guard lock(mutex_);
  return events_.size();
}

}  // namespace tandem
