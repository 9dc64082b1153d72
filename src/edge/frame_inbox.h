// What the transport hands to the runner, in order: frames, and the end of their connection. Bounded: the
// transport never waits for the runner, so a cloud that sends more than the runner can hold loses its
// connection.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>

#include "base/bytes.h"
#include "base/result.h"
#include "base/types.h"

namespace tandem {

struct LinkEvent {
  uint64_t connection = 0;  // the runner's name of it
  Bytes frame{};
  std::optional<Error> closed{};  // the last event of the connection; frame is empty
};

// Thread-safe; one thread takes.
class FrameInbox {
 public:
  static constexpr size_t kMaxFrames = 4096;
  static constexpr size_t kMaxBytes = 32u << 20;

  // A frame too many becomes the end of its connection (kProtocol with the figures), and whatever the
  // connection puts after that is dropped.
  void Frame(uint64_t connection, Bytes frame);
  void Closed(uint64_t connection, Error why);

  // The oldest event. Sleeps up to `patience` for one; nullopt when none came.
  std::optional<LinkEvent> Take(Micros patience);

 private:
  void End(uint64_t connection, Error why);

  std::mutex mutex_;
  std::condition_variable filled_;
  std::deque<LinkEvent> events_;
  size_t bytes_ = 0;                 // of the frames that wait
  std::optional<uint64_t> ended_{};  // the last connection whose end was put here
};

}  // namespace tandem
