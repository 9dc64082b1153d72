// See ws_url.h.
#include "wire/ws_url.h"

#include <arpa/inet.h>

#include <charconv>
#include <optional>

namespace tandem {
namespace {

constexpr size_t kMaxHost = 253;  // a DNS name's limit
constexpr size_t kMaxPath = 1024;

// Characters that a host name or address may have; everything else would only end in a header or a message.
bool IsHost(std::string_view host, bool bracketed) {
  if (host.empty() || host.size() > kMaxHost) return false;
  for (const char c : host) {
    const bool alnum = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    const bool mark = c == '.' || c == '-' || c == '_' || (bracketed && (c == ':' || c == '%'));
    if (!alnum && !mark) return false;
  }
  return true;
}

bool IsPath(std::string_view path) {
  if (path.size() > kMaxPath) return false;
  for (const char c : path) {
    if (c <= ' ' || c > '~') return false;
  }
  return true;
}

std::optional<uint16_t> ParsePort(std::string_view text) {
  uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return port;
}

struct Authority {
  std::string_view host;
  std::string_view port;  // empty: none was written
  bool bracketed = false;
};

// Splits HOST, HOST:PORT, [HOST] and [HOST]:PORT; nullopt when it is none of them.
std::optional<Authority> Split(std::string_view text) {
  Authority parts;
  std::string_view rest;
  if (text.starts_with('[')) {
    const size_t bracket = text.find(']');
    if (bracket == std::string_view::npos) return std::nullopt;
    parts.host = text.substr(1, bracket - 1);
    parts.bracketed = true;
    rest = text.substr(bracket + 1);
  } else {
    parts.host = text.substr(0, text.find(':'));
    rest = text.substr(parts.host.size());
  }
  if (!IsHost(parts.host, parts.bracketed)) return std::nullopt;
  if (parts.bracketed && parts.host.find(':') == std::string_view::npos) return std::nullopt;  // no IPv6
  if (rest.empty()) return parts;
  if (rest.size() < 2 || rest.front() != ':') return std::nullopt;
  parts.port = rest.substr(1);
  return parts;
}

}  // namespace

std::string HostPort::ToString() const {
  return host.find(':') == std::string::npos ? fmt::format("{}:{}", host, port)
                                             : fmt::format("[{}]:{}", host, port);
}

bool IsLoopback(const std::string& host) {
  in_addr four{};
  in6_addr six{};
  if (inet_pton(AF_INET, host.c_str(), &four) == 1) return ntohl(four.s_addr) >> 24 == 127;
  if (inet_pton(AF_INET6, host.c_str(), &six) == 1) return IN6_IS_ADDR_LOOPBACK(&six) != 0;
  return host == "localhost";
}

Result<HostPort> ParseHostPort(std::string_view text) {
  const std::optional<Authority> parts = Split(text);
  const std::optional<uint16_t> port = parts ? ParsePort(parts->port) : std::nullopt;
  if (!port) return Fail(ErrorCode::kUsage, "'{}' is not an address like 127.0.0.1:8765 or [::1]:8765", text);
  return HostPort{std::string(parts->host), *port};
}

Result<WsUrl> ParseWsUrl(std::string_view text) {
  const auto refuse = [&text] {
    return Fail(ErrorCode::kUsage, "'{}' is not an address like ws://HOST:PORT", text);
  };
  WsUrl url;
  std::string_view rest = text;
  if (rest.starts_with("ws://")) {
    rest.remove_prefix(5);
  } else if (rest.starts_with("wss://")) {
    rest.remove_prefix(6);
    url.tls = true;
    url.port = 443;
  } else {
    return refuse();
  }
  const size_t slash = rest.find('/');
  const std::optional<Authority> parts = Split(rest.substr(0, slash));
  if (!parts) return refuse();
  if (!parts->port.empty()) {
    const std::optional<uint16_t> port = ParsePort(parts->port);
    if (!port || *port == 0) return refuse();
    url.port = *port;
  }
  url.host = parts->host;
  if (slash != std::string_view::npos) url.path = rest.substr(slash);
  if (!IsPath(url.path)) return refuse();
  return url;
}

}  // namespace tandem
