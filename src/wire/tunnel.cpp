// See tunnel.h.
#include "wire/tunnel.h"

#include <algorithm>

namespace tandem {
namespace {

constexpr size_t kReadBytes = 32u << 10;
constexpr size_t kWriteBytes = 64u << 10;
constexpr size_t kSegmentCost = 128;  // bytes that a segment takes beside its own
constexpr size_t kLeastWindow = 64u << 10, kMostWindow = 16u << 20;
constexpr double kStallSeconds = 0.5;  // of a loss or two, which the window should bridge

std::chrono::steady_clock::time_point AsTimePoint(Micros t) {
  return std::chrono::steady_clock::time_point(t);
}

// What the link carries in two round trips and a stall: less would slow it down, more only queues.
size_t Window(const LinkShape& shape, Direction direction) {
  const double bps = direction == Direction::kUp ? shape.rates.up_bps : shape.rates.down_bps;
  if (bps == 0) return kMostWindow;
  const double seconds = 2 * ToMs(shape.rtt + shape.jitter) / 1000 + (shape.loss > 0 ? kStallSeconds : 0);
  const double bytes = std::min(bps / 8 * seconds, static_cast<double>(kMostWindow));
  return std::max(kLeastWindow, static_cast<size_t>(bytes));
}

void ResetSocket(TcpSocket& socket) {
  NetError ignored;
  socket.set_option(net::socket_base::linger(true, 0), ignored);
  socket.close(ignored);
}

}  // namespace

Tunnel::Lane::Lane(TcpSocket& source, TcpSocket& sink, const LinkShape& shape, Direction way,
                   const LinkUse& use)
    : from(source),
      to(sink),
      direction(way),
      pipe(shape, way, use),
      window(Window(shape, way)),
      timer(source.get_executor()) {}

Tunnel::Tunnel(TcpSocket edge, const LinkShape& shape, const LinkUse& use, TunnelCounts& counts)
    : shape_(shape),
      use_(use),
      counts_(counts),
      edge_(std::move(edge)),
      cloud_(edge_.get_executor()),
      timer_(edge_.get_executor()),
      up_(edge_, cloud_, shape, Direction::kUp, use),
      down_(cloud_, edge_, shape, Direction::kDown, use) {}

void Tunnel::Start(const net::ip::tcp::endpoint& to, std::function<void(const NetError&)> on_over) {
  on_over_ = std::move(on_over);
  const Micros up = shape_.cuts.Uptime(clock_.Now() - use_.start);
  timer_.expires_at(AsTimePoint(use_.start + shape_.cuts.TimeOf(up + shape_.rtt)));
  timer_.async_wait([self = shared_from_this(), to](NetError) {
    if (!self->over_) self->Dial(to);
  });
}

void Tunnel::Dial(const net::ip::tcp::endpoint& to) {
  cloud_.async_connect(to, [self = shared_from_this()](NetError error) {
    if (self->over_) return;
    if (error) return self->Finish(error);
    NetError ignored;
    self->edge_.set_option(net::ip::tcp::no_delay(true), ignored);
    self->cloud_.set_option(net::ip::tcp::no_delay(true), ignored);
    self->Read(self->up_);
    self->Read(self->down_);
  });
}

void Tunnel::Read(Lane& lane) {
  if (over_ || lane.reading || lane.from_ended || lane.held >= lane.window) return;
  lane.reading = true;
  lane.incoming.resize(kReadBytes);
  lane.from.async_read_some(net::buffer(lane.incoming),
                            [self = shared_from_this(), &lane](NetError error, size_t bytes) {
                              lane.reading = false;
                              if (!self->over_ && !lane.from_ended) self->OnRead(lane, error, bytes);
                            });
}

void Tunnel::OnRead(Lane& lane, NetError error, size_t bytes) {
  if (error) {
    lane.from_ended = true;
    PutEnd(lane, error == net::error::eof ? Segment::Kind::kEnd : Segment::Kind::kReset);
  } else {
    Put(lane, Bytes(lane.incoming.begin(), lane.incoming.begin() + static_cast<std::ptrdiff_t>(bytes)));
    Read(lane);
  }
  Drain(lane);
}

// What was read at once is one message to the shape: its segments were sent together.
void Tunnel::Put(Lane& lane, Bytes data) {
  const Micros now = clock_.Now();
  const uint64_t stalls = lane.pipe.stalls();
  const size_t last = (data.size() - 1) / kSegmentBytes;
  for (size_t i = 0; i <= last; ++i) {
    const auto begin = data.begin() + static_cast<std::ptrdiff_t>(i * kSegmentBytes);
    const size_t bytes = std::min(kSegmentBytes, data.size() - i * kSegmentBytes);
    const Micros due = lane.pipe.SegmentAt(bytes, last - i, now);
    lane.under_way.push_back(
        {due, Segment::Kind::kData, {begin, begin + static_cast<std::ptrdiff_t>(bytes)}});
    lane.held += bytes + kSegmentCost;
  }
  counts_.stalls[static_cast<size_t>(lane.direction)] += lane.pipe.stalls() - stalls;
}

void Tunnel::PutEnd(Lane& lane, Segment::Kind kind) {
  lane.under_way.push_back({lane.pipe.SegmentAt(0, 0, clock_.Now()), kind, {}});
}

// Hands on what is due, one write at a time.
void Tunnel::Drain(Lane& lane) {
  if (over_ || lane.writing || lane.waiting || lane.under_way.empty()) return;
  const Segment& first = lane.under_way.front();
  if (first.due > clock_.Now()) return Await(lane, first.due);
  if (first.kind == Segment::Kind::kReset) return Finish({});
  if (first.kind == Segment::Kind::kEnd) return End(lane);
  Gather(lane);
  Write(lane);
}

void Tunnel::Await(Lane& lane, Micros due) {
  lane.waiting = true;
  lane.timer.expires_at(AsTimePoint(due));
  lane.timer.async_wait([self = shared_from_this(), &lane](NetError) {
    lane.waiting = false;
    self->Drain(lane);
  });
}

void Tunnel::Gather(Lane& lane) {
  const Micros now = clock_.Now();
  lane.outgoing.clear();
  lane.outgoing_cost = 0;
  while (!lane.under_way.empty() && lane.outgoing.size() < kWriteBytes) {
    const Segment& next = lane.under_way.front();
    if (next.due > now || next.kind != Segment::Kind::kData) return;
    lane.outgoing.insert(lane.outgoing.end(), next.data.begin(), next.data.end());
    lane.outgoing_cost += next.data.size() + kSegmentCost;
    lane.under_way.pop_front();
  }
}

void Tunnel::Write(Lane& lane) {
  lane.writing = true;
  net::async_write(lane.to, net::buffer(lane.outgoing),
                   [self = shared_from_this(), &lane](NetError error, size_t) {
                     lane.writing = false;
                     if (!self->over_) self->OnWritten(lane, error);
                   });
}

void Tunnel::OnWritten(Lane& lane, NetError error) {
  lane.held -= lane.outgoing_cost;
  if (!error) {
    counts_.bytes[static_cast<size_t>(lane.direction)] += lane.outgoing.size();
    Read(lane);
    return Drain(lane);
  }
  // The receiver is gone. Its reset travels back to the sender behind what it sent before.
  lane.under_way.clear();
  lane.from_ended = lane.to_ended = true;
  Lane& back = &lane == &up_ ? down_ : up_;
  if (back.to_ended) return Finish({});
  if (std::exchange(back.from_ended, true)) return;
  PutEnd(back, Segment::Kind::kReset);
  Drain(back);
}

void Tunnel::End(Lane& lane) {
  lane.under_way.pop_front();
  lane.to_ended = true;
  NetError ignored;
  lane.to.shutdown(net::ip::tcp::socket::shutdown_send, ignored);
  if (!up_.to_ended || !down_.to_ended) return;
  edge_.close(ignored);
  cloud_.close(ignored);
  Finish({});
}

void Tunnel::Finish(const NetError& why) {
  if (over_) return;
  const auto on_over = std::exchange(on_over_, {});
  Reset();
  if (on_over) on_over(why);
}

void Tunnel::Reset() {
  over_ = true;
  ResetSocket(edge_);
  ResetSocket(cloud_);
  for (Timer* timer : {&timer_, &up_.timer, &down_.timer}) timer->cancel();
  on_over_ = {};
}

}  // namespace tandem
