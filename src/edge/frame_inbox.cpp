// See frame_inbox.h.
#include "edge/frame_inbox.h"

#include <utility>

namespace tandem {

void FrameInbox::Frame(uint64_t connection, Bytes frame) {
  const std::lock_guard lock(mutex_);
  if (ended_ == connection) return;
  if (events_.size() >= kMaxFrames || bytes_ + frame.size() > kMaxBytes) {
    return End(connection,
               {ErrorCode::kProtocol,
                fmt::format("the cloud sends faster than this edge reads: {} frames, {} bytes wait",
                            events_.size(), bytes_)});
  }
  bytes_ += frame.size();
  events_.push_back({.connection = connection, .frame = std::move(frame)});
  filled_.notify_one();
}

void FrameInbox::Closed(uint64_t connection, Error why) {
  const std::lock_guard lock(mutex_);
  if (ended_ != connection) End(connection, std::move(why));
}

void FrameInbox::End(uint64_t connection, Error why) {
  ended_ = connection;
  events_.push_back({.connection = connection, .closed = std::move(why)});
  filled_.notify_one();
}

std::optional<LinkEvent> FrameInbox::Take(Micros patience) {
  std::unique_lock lock(mutex_);
  if (patience > Micros{0}) filled_.wait_for(lock, patience, [&] { return !events_.empty(); });
  if (events_.empty()) return std::nullopt;
  LinkEvent event = std::move(events_.front());
  events_.pop_front();
  bytes_ -= event.frame.size();
  return event;
}

}  // namespace tandem
