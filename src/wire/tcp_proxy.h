// A TCP proxy that makes a link bad: what a client sends it goes on to a target, and back, late, as
// link_shape.h computes. It knows nothing of what passes, so it shapes any traffic; the client is the edge,
// up is away from it. Every connection has the link for itself, as if each edge had its own line.
//
// Bytes and their order are kept in both directions, half-closed connections included; a reset is passed on
// as one. A new connection waits out one round trip before it is dialled further: the handshake that the
// kernel answers for the target here.
//
// While the link is cut, nothing passes and nobody is told:
// - kStall: connections go on after the cut; a new one opens (the kernel answers) and then hears nothing
// until
//   the link is back;
// - kDrop: the cut also resets every connection, and new ones until it is over.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "wire/link_shape.h"

namespace tandem {

enum class CutMode { kStall, kDrop };

struct TcpProxyOptions {
  std::string listen;  // HOST:PORT; port 0 takes a free one
  std::string to;      // HOST:PORT, resolved once
  LinkShape shape{};
  CutMode cut_mode = CutMode::kStall;
  int max_connections = 256;  // more are reset at once
  // On the proxy's thread: what went wrong with one connection, in a sentence.
  std::function<void(const std::string&)> on_trouble{};
};

struct TcpProxyTotals {
  uint64_t connections = 0;  // taken, refused ones included
  uint64_t refused = 0;      // beyond max_connections, in a cut (kDrop), or because `to` did not answer
  uint64_t up_bytes = 0, down_bytes = 0;  // handed on
  uint64_t stalls = 0;                    // segments that were lost at least once
  uint64_t cuts = 0;                      // begun
};

// Runs on a thread of its own. Memory is bounded: a direction of a connection holds at most what its link can
// carry in two round trips and stalls (64 KiB to 16 MiB); then reading stops, and the sender feels it.
class TcpProxy {
 public:
  virtual ~TcpProxy() = default;              // stops
  virtual std::string address() const = 0;    // "127.0.0.1:8765", with the port in use
  virtual TcpProxyTotals totals() const = 0;  // thread-safe
  virtual void Stop() = 0;                    // cuts everything; idempotent
};

// kUsage: a malformed address. kNetwork: `to` cannot be resolved (whether somebody listens there shows with
// the first connection). kResource: the port is in use or not ours to take.
Result<std::unique_ptr<TcpProxy>> StartTcpProxy(const TcpProxyOptions& options);

}  // namespace tandem
