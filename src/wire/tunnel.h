// One proxied connection: two sockets, and in each direction the segments that are under way between them.
// Internal to tcp_proxy.cpp. Everything runs on the one thread of its io_context; handlers keep it alive.
#pragma once

#include <array>
#include <atomic>
#include <deque>
#include <functional>
#include <memory>

#include "base/bytes.h"
#include "base/clock.h"
#include "wire/beast.h"
#include "wire/link_shape.h"

namespace tandem {

// Of all tunnels of a proxy; read from any thread. bytes and stalls: by Direction.
struct TunnelCounts {
  std::array<std::atomic<uint64_t>, 2> bytes{};  // handed on
  std::array<std::atomic<uint64_t>, 2> stalls{};
};

class Tunnel : public std::enable_shared_from_this<Tunnel> {
 public:
  Tunnel(TcpSocket edge, const LinkShape& shape, const LinkUse& use, TunnelCounts& counts);

  // Waits out the handshake, dials `to`, and lets bytes pass. on_over is called once, at the end, with a
  // message if `to` could not be reached; not after Reset.
  void Start(const net::ip::tcp::endpoint& to, std::function<void(const NetError&)> on_over);
  void Reset();  // both ends hear that the connection was reset

 private:
  struct Segment {
    enum class Kind { kData, kEnd, kReset };
    Micros due{0};
    Kind kind = Kind::kData;
    Bytes data{};
  };
  struct Lane {
    Lane(TcpSocket& source, TcpSocket& sink, const LinkShape& shape, Direction to, const LinkUse& use);

    TcpSocket& from;
    TcpSocket& to;
    Direction direction;
    ShapedPipe pipe;
    size_t window;  // bytes held at which reading stops
    Timer timer;
    std::deque<Segment> under_way{};
    size_t held = 0;  // bytes of under_way and outgoing, with kSegmentCost each
    Bytes incoming{}, outgoing{};
    size_t outgoing_cost = 0;
    bool reading = false, waiting = false, writing = false;
    bool from_ended = false;  // nothing more will be read
    bool to_ended = false;    // nothing more will be written
  };

  void Dial(const net::ip::tcp::endpoint& to);
  void Read(Lane& lane);
  void OnRead(Lane& lane, NetError error, size_t bytes);
  void Put(Lane& lane, Bytes data);
  void PutEnd(Lane& lane, Segment::Kind kind);
  void Drain(Lane& lane);
  void Await(Lane& lane, Micros due);
  void Gather(Lane& lane);
  void Write(Lane& lane);
  void OnWritten(Lane& lane, NetError error);
  void End(Lane& lane);
  void Finish(const NetError& why);

  const SteadyClock clock_;
  const LinkShape shape_;
  const LinkUse use_;
  TunnelCounts& counts_;
  TcpSocket edge_, cloud_;
  Timer timer_;
  Lane up_, down_;
  std::function<void(const NetError&)> on_over_;
  bool over_ = false;
};

}  // namespace tandem
