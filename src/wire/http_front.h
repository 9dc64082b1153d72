// The first HTTP request of a TCP connection that a server accepted, behind a TLS handshake where the door
// has keys: an upgrade is let through or refused, a health check answered, anything else turned away.
// Internal to the transport; runs on the I/O thread.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "wire/beast.h"
#include "wire/byte_stream.h"

namespace tandem {

using UpgradeRequest = http::request<http::empty_body>;

struct FrontDoor {
  std::string token;                      // empty: nobody is asked
  std::shared_ptr<const TlsContext> tls;  // null: plain
  int timeout_ms = 5000;
  std::function<bool()> has_room;  // false: 503 to upgrades
  std::function<void(ByteStream stream, UpgradeRequest request)> on_upgrade;
  int visits = 0;  // connections that shake hands, or whose first request is awaited or being answered
};

// Takes the connection over until it is upgraded or closed. The door lives as long as any visit.
void Visit(TcpSocket socket, std::shared_ptr<FrontDoor> door);

}  // namespace tandem
