// The cloud as a running server: a Service (service.h), its Engine and a WebSocket port, driven by two
// threads. The transport's I/O thread puts what comes in into an Inbox; the inference thread takes it out,
// lets the Service act on it and runs the engine's steps. Neither thread waits for the other while it works:
// frames that come during a step are read when it ends, and a frame that finds the inference thread asleep
// wakes it at once.
//
// Memory that peers can claim is bounded: max_connections times kUnconsumedFrames frames of FrameBound bytes
// wait at most; a connection beyond that is not read until its frames are dealt with.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "cloud/inbox.h"
#include "cloud/service.h"
#include "decode/engine.h"
#include "wire/websocket.h"

namespace tandem {

class CloudServer {
 public:
  // Listens as `listen` says (its limits.max_frame_bytes and max_unconsumed are set here, from the engine's
  // context) and serves until Stop, Drain or destruction. Errors as ListenWebSocket's and
  // Service::Check's.
  static Result<std::unique_ptr<CloudServer>> Start(std::unique_ptr<Engine> engine, ServiceConfig config,
                                                    WsServerOptions listen);
  ~CloudServer();  // Stop
  CloudServer(const CloudServer&) = delete;
  CloudServer& operator=(const CloudServer&) = delete;

  // Admits nobody new and lets the present sessions end, for at most `patience`; then stops. True if all had
  // ended. Blocks. Drain, Stop and the destructor belong to one thread.
  bool Drain(Micros patience);
  // Tells every peer that the cloud ends (Fault kBusy: come back later), then cuts. Waits for a step under
  // way. Idempotent.
  void Stop();

  // Thread-safe.
  uint16_t port() const { return transport_->port(); }
  std::string address() const { return transport_->address(); }  // "127.0.0.1:8765"
  int sessions() const { return sessions_; }
  ServiceStats stats() const;  // as of the last event or step
  ByteCount counted() const { return transport_->counted(); }

 private:
  CloudServer(std::unique_ptr<Engine> engine, ServiceConfig config);

  Status Listen(WsServerOptions listen, bool rows);
  void Serve();  // the inference thread
  void Handle(InboxEvent& event);
  void Step();
  void Carry(Actions actions);
  void Publish();

  std::unique_ptr<Engine> engine_;
  Service service_;  // the inference thread's
  Micros tick_;
  Inbox inbox_;
  std::unique_ptr<WsServer> transport_;

  std::atomic<bool> draining_{false}, stopping_{false};
  std::atomic<int> sessions_{0};
  mutable std::mutex published_mutex_;
  std::condition_variable published_;
  ServiceStats stats_;    // guarded by published_mutex_
  bool drained_ = false;  // likewise
  std::thread inference_;
};

}  // namespace tandem
