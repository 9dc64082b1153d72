// See memory_transport.h.
#include "wire/memory_transport.h"

#include <array>
#include <deque>
#include <optional>

namespace tandem {
namespace {

class Wire final : public MemoryWire {
 public:
  Wire(ConnectionCallbacks left, ConnectionCallbacks right, const LinkLimits& limits)
      : limits_(limits), ends_{End{std::move(left)}, End{std::move(right)}} {}

  bool Deliver() override {
    if (waiting_.empty()) return false;
    Parcel parcel = std::move(waiting_.front());
    waiting_.pop_front();
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
    waiting_.push_back({1 - from, std::move(frame), std::nullopt});
    return {};
  }

  // Behind what was sent: first the peer hears of it, then the closing end.
  void Close(int from, const Error& why) {
    if (std::exchange(ends_[from].closing, true)) return;
    waiting_.push_back({1 - from, {}, Error{ErrorCode::kNetwork, "the peer closed the connection"}});
    waiting_.push_back({from, {}, why});
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
  };

  void Tell(int to, const Error& why) {
    ends_[to].closing = true;
    if (std::exchange(ends_[to].told, true)) return;
    const ConnectionCallbacks callbacks = std::exchange(ends_[to].callbacks, {});
    if (callbacks.on_closed) callbacks.on_closed(why);
  }

  const LinkLimits limits_;
  std::array<End, 2> ends_;
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

}  // namespace

MemoryPair JoinInMemory(ConnectionCallbacks left, ConnectionCallbacks right, const LinkLimits& limits) {
  const auto wire = std::make_shared<Wire>(std::move(left), std::move(right), limits);
  return {wire, std::make_unique<MemoryConnection>(wire, 0), std::make_unique<MemoryConnection>(wire, 1)};
}

}  // namespace tandem
