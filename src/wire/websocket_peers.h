// A recording client and server over loopback, for tests of the WebSocket transport and what stands on it.
// Included by tests only.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "wire/websocket.h"

namespace tandem {

// What callbacks reported, waited for with a generous limit: a test that passes never waits for it.
class Record {
 public:
  void Frame(Bytes frame) {
    Change([&] { frames_.push_back(std::move(frame)); });
  }
  void Closed(Error why) {
    Change([&] { closed_ = std::move(why), ++closings_; });
  }
  void Opened(ConnId conn) {
    Change([&] { conns_.push_back(conn); });
  }

  ConnectionCallbacks Callbacks() {
    return {.on_frame = [this](Bytes frame) { Frame(std::move(frame)); },
            .on_closed = [this](Error why) { Closed(std::move(why)); }};
  }

  std::vector<Bytes> WaitFrames(size_t count) {
    Wait([&] { return frames_.size() >= count; });
    return frames();
  }
  Error WaitClosed() {
    Wait([&] { return closed_.has_value(); });
    const std::unique_lock lock(mutex_);
    return closed_.value_or(Error{ErrorCode::kInternal, "never closed"});
  }
  ConnId WaitOpened(size_t count = 1) {
    Wait([&] { return conns_.size() >= count; });
    const std::unique_lock lock(mutex_);
    return conns_.size() < count ? 0 : conns_[count - 1];
  }
  void WaitClosings(int count) {
    Wait([&] { return closings_ >= count; });
  }

  std::vector<Bytes> frames() const {
    const std::unique_lock lock(mutex_);
    return frames_;
  }
  int closings() const {
    const std::unique_lock lock(mutex_);
    return closings_;
  }

 private:
  template <class F>
  void Change(F change) {
    const std::unique_lock lock(mutex_);
    change();
    changed_.notify_all();
  }
  template <class F>
  void Wait(F until) {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(changed_.wait_for(lock, std::chrono::seconds(20), until));
  }

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Bytes> frames_;
  std::vector<ConnId> conns_;
  std::optional<Error> closed_;
  int closings_ = 0;
};

// A server on a free port. By default it consumes and records; `echo` sends every frame back.
struct TestServer {
  Record record;
  bool consumes = true;
  std::unique_ptr<WsServer> server;

  Status Start(WsServerOptions options, bool echo) {
    auto listening = ListenWebSocket(
        options,
        {.on_open = [this](ConnId conn, const std::string&) { record.Opened(conn); },
         .on_frame = [this, echo](ConnId conn, Bytes frame) { OnFrame(conn, std::move(frame), echo); },
         .on_closed = [this](ConnId, Error why) { record.Closed(std::move(why)); }});
    if (!listening) return Forward(listening);
    const std::unique_lock lock(ready_mutex_);
    server = std::move(*listening);
    return {};
  }
  WsUrl url() const { return {.host = "127.0.0.1", .port = server->port()}; }

 private:
  void OnFrame(ConnId conn, Bytes frame, bool echo) {
    const std::unique_lock lock(ready_mutex_);  // a client may be faster than the assignment above
    if (echo) {
      EXPECT_TRUE(server->Send(conn, frame));
    }
    record.Frame(std::move(frame));
    if (consumes) server->Consumed(conn, 1);
  }

  std::mutex ready_mutex_;
};

// Bytes of which no two neighbouring stretches are equal.
inline Bytes Pattern(size_t size) {
  Bytes bytes(size);
  for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<uint8_t>(i * 31 + i / 256);
  return bytes;
}

inline WsServerOptions AnyPort() {
  return {.listen = "127.0.0.1:0"};
}

}  // namespace tandem
