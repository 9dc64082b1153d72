// WebSocket transport over TCP or TLS 1.3 (RFC 6455 through Boost.Beast, whose types stay in the .cpp files):
// a client that is a Connection, and a server of many connections on one port.
//
// A frame is one binary message. No compression, no fragments of ours; pings at half the idle timeout. A
// connection to a peer that reads too slowly is closed with kResource once its outbox is full.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "wire/tls.h"
#include "wire/transport.h"
#include "wire/ws_url.h"

namespace tandem {

// Dials and upgrades, blocking for at most limits.connect_timeout_ms (a name server that hangs may add its
// own time-out). token: sent as "Authorization: Bearer", empty for none. tls: whom wss:// trusts; null: the
// system's store.
//
// Errors, each a sentence with host:port and the cause: kNetwork (nobody listens, name unknown, time-out),
// kAuth (HTTP 401, or a certificate that is expired, of an unknown issuer, made out to somebody else), kBusy
// (HTTP 503), kProtocol (no WebSocket server there, or none of this kind: no TLS 1.3, or TLS on one side
// only).
//
// The connection has an I/O thread of its own, which runs the callbacks. Do not destroy it from a callback.
// The destructor flushes for at most half a second.
Result<std::unique_ptr<Connection>> DialWebSocket(const WsUrl& url, const std::string& token,
                                                  const LinkLimits& limits, ConnectionCallbacks callbacks,
                                                  std::shared_ptr<const TlsContext> tls = nullptr);

using ConnId = uint64_t;  // of one server, from 1, never reused

struct WsServerOptions {
  std::string listen = "127.0.0.1:8765";  // port 0: any free one
  std::string token{};                    // asked of every client before the upgrade; empty: nothing is asked
  LinkLimits limits{};        // connect_timeout_ms bounds a client's TLS handshake and HTTP request together
  int max_connections = 256;  // HTTP 503 beyond
  int max_unconsumed = 64;    // frames handed to on_frame and not yet Consumed; then reading pauses
  std::shared_ptr<const TlsContext> tls{};  // wss:// with this certificate; null: ws://
};

// Run on the server's I/O thread, one at a time; they must not block.
struct WsServerCallbacks {
  std::function<void(ConnId conn, const std::string& peer)> on_open;  // peer: "127.0.0.1:50512"
  std::function<void(ConnId conn, Bytes frame)> on_frame;
  std::function<void(ConnId conn, Error why)> on_closed;  // once for every on_open, last
};

// All functions may be called from any thread; Stop and the destructor not from a callback.
class WsServer {
 public:
  virtual ~WsServer() = default;  // stops

  // Queues a frame. kResource when the connection's outbox is full (it is being closed then), kNetwork when
  // it is gone.
  virtual Status Send(ConnId conn, Bytes frame) = 0;
  virtual void Close(ConnId conn) = 0;  // flushes, then closes
  // `frames` of those that on_frame handed over are dealt with: more may be read. A connection that nobody
  // consumes from for longer than the idle timeout is lost.
  virtual void Consumed(ConnId conn, int frames) = 0;

  virtual uint16_t port() const = 0;
  virtual std::string address() const = 0;           // "127.0.0.1:8765", with the port in use
  virtual ByteCount counted(ConnId conn) const = 0;  // zeros when it is gone
  virtual ByteCount counted() const = 0;             // all connections since the start

  // Stops listening, flushes and closes every connection for at most a second, then cuts the rest. on_closed
  // has been called for each when it returns. Idempotent.
  virtual void Stop() = 0;
};

// Also answers GET /healthz with 200 "ok" on the same port, without a token. kUsage: a malformed address, or
// one that is not loopback while token is empty. kResource: the port is in use or not ours to take.
Result<std::unique_ptr<WsServer>> ListenWebSocket(const WsServerOptions& options,
                                                  WsServerCallbacks callbacks);

}  // namespace tandem
