// See memory_transport.h.
#include "wire/memory_transport.h"

#include <algorithm>
#include <array>
#include <deque>
#include <optional>

namespace tandem {
namespace {

// The clock, and what the wire does to what is sent by end 0 and by end 1.
struct Shaping {
  VirtualClock* clock;
  std::array<ShapedPipe, 2> pipes;
};

class Wire final : public MemoryWire {
 public:
  Wire(ConnectionCallbacks left, ConnectionCallbacks right, const LinkLimits& limits,
       std::optional<Shaping> shaping)
      : limits_(limits), ends_{End{std::move(left)}, End{std::move(right)}}, shaping_(std::move(shaping)) {}

  bool Deliver() override {
    if (waiting_.empty()) return false;
    const auto next = waiting_.begin() + (First() - waiting_.begin());
    Parcel parcel = std::move(*next);
    waiting_.erase(next);
    if (shaping_) shaping_->clock->AdvanceTo(parcel.due);
    if (parcel.close) {
      Tell(parcel.to, *parcel.close);
      return true;
    }
    ends_[1 - parcel.to].queued -= parcel.frame.size();
    if (parcel.frame.size() > limits_.max_frame_bytes) {
      Cut({ErrorCode::kProtocol, fmt::format("a frame of {} bytes, the limit is {}", parcel.frame.size(),
                                             limits_.max_frame_bytes)});
      return true;
    }
    End& end = ends_[parcel.to];
    if (end.told) return true;
    end.bytes.received += parcel.frame.size();
    const auto on_frame = end.callbacks.on_frame;  // a copy: the callback may end its own connection
    if (on_frame) on_frame(std::move(parcel.frame));
    return true;
  }

  std::optional<Micros> NextArrival() const override {
    if (waiting_.empty()) return std::nullopt;
    return First()->due;
  }

  void Cut(const Error& why) override {
    waiting_.clear();
    for (int end : {0, 1}) ends_[end].closing = true;
    for (int end : {0, 1}) Tell(end, why);
  }

  Status Send(int from, Bytes frame) {
    End& end = ends_[from];
    if (end.closing) return Fail(ErrorCode::kNetwork, "the connection is closed");
    if (end.queued + frame.size() > limits_.outbox_bytes) {
      Close(from,
            {ErrorCode::kResource, fmt::format("the peer reads too slowly: {} bytes wait", end.queued)});
      return Fail(ErrorCode::kResource, "the peer reads too slowly: {} bytes wait", end.queued);
    }
    end.queued += frame.size();
    end.bytes.sent += frame.size();
    const Micros due = Due(from, frame.size());
    waiting_.push_back({1 - from, std::move(frame), std::nullopt, due});
    return {};
  }

  // Behind what was sent: first the peer hears of it, then the closing end.
  void Close(int from, const Error& why) {
    if (std::exchange(ends_[from].closing, true)) return;
    const Micros due = Due(from, 0);
    waiting_.push_back({1 - from, {}, Error{ErrorCode::kNetwork, "the peer closed the connection"}, due});
    waiting_.push_back({from, {}, why, due});
  }

  void Forget(int end) { ends_[end].callbacks = {}; }
  ByteCount counted(int end) const { return ends_[end].bytes; }

 private:
  struct End {
    ConnectionCallbacks callbacks;
    ByteCount bytes{};
    size_t queued = 0;     // sent and not delivered
    bool closing = false;  // Send refuses
    bool told = false;     // on_closed was called
  };
  struct Parcel {
    int to = 0;
    Bytes frame;
    std::optional<Error> close;
    Micros due{0};
  };

  Micros Due(int from, size_t bytes) {
    return shaping_ ? shaping_->pipes[from].DeliverAt(bytes, shaping_->clock->Now()) : Micros{0};
  }
  // Of those that are due first, the one that was sent first.
  std::deque<Parcel>::const_iterator First() const {
    return std::min_element(waiting_.begin(), waiting_.end(),
                            [](const Parcel& a, const Parcel& b) { return a.due < b.due; });
  }

  void Tell(int to, const Error& why) {
    ends_[to].closing = true;
    if (std::exchange(ends_[to].told, true)) return;
    const ConnectionCallbacks callbacks = std::exchange(ends_[to].callbacks, {});
    if (callbacks.on_closed) callbacks.on_closed(why);
  }

  const LinkLimits limits_;
  std::array<End, 2> ends_;
  std::optional<Shaping> shaping_;
  std::deque<Parcel> waiting_;
};

class MemoryConnection final : public Connection {
 public:
  MemoryConnection(std::shared_ptr<Wire> wire, int end) : wire_(std::move(wire)), end_(end) {}
  ~MemoryConnection() override {
    wire_->Forget(end_);
    MemoryConnection::Close();
  }

  Status Send(Bytes frame) override { return wire_->Send(end_, std::move(frame)); }
  void Close() override { wire_->Close(end_, {ErrorCode::kNetwork, "the connection was closed here"}); }
  ByteCount counted() const override { return wire_->counted(end_); }

 private:
  const std::shared_ptr<Wire> wire_;
  const int end_;
};

MemoryPair Join(std::shared_ptr<Wire> wire) {
  return {wire, std::make_unique<MemoryConnection>(wire, 0), std::make_unique<MemoryConnection>(wire, 1)};
}

}  // namespace

MemoryPair JoinInMemory(ConnectionCallbacks left, ConnectionCallbacks right, const LinkLimits& limits) {
  return Join(std::make_shared<Wire>(std::move(left), std::move(right), limits, std::nullopt));
}

MemoryPair JoinShapedInMemory(ConnectionCallbacks left, ConnectionCallbacks right, const LinkLimits& limits,
                              VirtualClock& clock, const LinkShape& shape, const LinkUse& use) {
  Shaping shaping{&clock, {ShapedPipe(shape, Direction::kUp, use), ShapedPipe(shape, Direction::kDown, use)}};
  return Join(std::make_shared<Wire>(std::move(left), std::move(right), limits, std::move(shaping)));
}

}  // namespace tandem
