// The cloud process around a Service: one I/O thread (the WebSocket server's), one inference thread that owns
// service and engine. Events cross a bounded queue; the inference thread never waits for a socket, the I/O
// thread never for a step (a connection whose frames are not taken is read no further).
#pragma once

#include <memory>
#include <string>

#include "cloud/service.h"
#include "wire/websocket.h"

namespace tandem {

class CloudServer {
 public:
  // Listens and serves until Drain or destruction. The engine belongs to the server's inference thread from
  // now on. Errors as ListenWebSocket's.
  static Result<std::unique_ptr<CloudServer>> Start(std::unique_ptr<Engine> engine, ServiceConfig config,
                                                    const WsServerOptions& options);
  ~CloudServer();
  CloudServer(const CloudServer&) = delete;
  CloudServer& operator=(const CloudServer&) = delete;

  uint16_t port() const;
  std::string address() const;  // "127.0.0.1:8765"

  // Admits nobody new, waits for present sessions to end (at most `patience`), then stops. True if all had
  // ended.
  bool Drain(Micros patience);

  ServiceStats stats() const;  // as of the last step
  int sessions() const;

 private:
  struct State;
  explicit CloudServer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace tandem
