// Addresses as people write them: ws://HOST:PORT/PATH for a client, HOST:PORT for a listener. IPv6 addresses
// stand in brackets, as in ws://[::1]:8765.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace tandem {

struct HostPort {
  std::string host;  // without brackets, at most 253 bytes
  uint16_t port = 0;

  std::string ToString() const;  // brackets put back
};

struct WsUrl {
  std::string host;
  uint16_t port = 80;
  std::string path = "/";
  bool tls = false;

  std::string Authority() const { return HostPort{host, port}.ToString(); }
};

// Whether a host name or address is this machine's own: localhost, 127.0.0.0/8 or ::1. Names are not
// resolved.
bool IsLoopback(const std::string& host);

// ws:// or wss://; the port is 80 or 443 when left out. kUsage for anything else, user:password@ included.
Result<WsUrl> ParseWsUrl(std::string_view text);

// Both parts needed. Port 0 lets the system choose one.
Result<HostPort> ParseHostPort(std::string_view text);

}  // namespace tandem
