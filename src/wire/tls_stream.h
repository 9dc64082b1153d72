// TLS over one counted TCP socket, without Asio's TLS templates in sight: tls_stream.cpp compiles them once.
// Internal to the transport; everything runs on the I/O thread, and what is pending keeps the stream's owner
// alive.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "wire/beast.h"
#include "wire/counting_stream.h"
#include "wire/tls.h"

namespace tandem {

using IoHandler = net::any_completion_handler<void(NetError, size_t)>;
using WriteBuffers = std::array<net::const_buffer, 4>;  // unused ones are empty

class TlsStream {
 public:
  TlsStream(TcpSocket socket, std::shared_ptr<const TlsContext> context);
  ~TlsStream();

  TcpSocket& socket();
  const std::shared_ptr<ByteCounter>& counter() const;  // records and handshake included

  // One of them, once, before anything else. A client asks for and insists on a certificate made out to
  // `host`, a name or an IP address.
  void ShakeHandsAsClient(const std::string& host, std::function<void(NetError)> done);
  void ShakeHandsAsServer(std::function<void(NetError)> done);
  // Why the handshake with `peer` ("HOST:PORT") failed. kAuth: its certificate is not to be trusted;
  // kProtocol: no TLS 1.3 there; kNetwork: the connection was cut.
  Error HandshakeError(NetError error, const std::string& peer) const;

  // At most one of each at a time.
  void ReadSome(net::mutable_buffer into, IoHandler handler);
  void WriteSome(const WriteBuffers& from, IoHandler handler);
  // Says that this side is done (close_notify) and waits for the peer to say so.
  void Shutdown(std::function<void(NetError)> done);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Of a server's failed handshake: the client spoke HTTP without TLS.
bool SpokePlainHttp(NetError handshake_error);

}  // namespace tandem
