// See shaped_link.h. One thread takes what is due from two queues, one for each direction.
#include "wire/shaped_link.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>

#include "base/clock.h"

namespace tandem {
namespace {

constexpr Micros kLinger{500'000};
constexpr size_t kCloseFrame = 2;  // payload of a WebSocket close

std::chrono::steady_clock::time_point AsTimePoint(Micros t) {
  return std::chrono::steady_clock::time_point(t);
}

class ShapedLink final : public Connection {
 public:
  ShapedLink(const LinkShape& shape, const LinkUse& use, const LinkLimits& limits,
             ConnectionCallbacks callbacks)
      : rtt_(shape.rtt + shape.jitter),
        limits_(limits),
        callbacks_(std::move(callbacks)),
        up_{ShapedPipe(shape, Direction::kUp, use), Direction::kUp},
        down_{ShapedPipe(shape, Direction::kDown, use), Direction::kDown} {}

  Status Dial(const DialFunction& dial, Micros setup) {
    Result<std::unique_ptr<Connection>> inner =
        dial({.on_frame = [this](Bytes frame) { OnInnerFrame(std::move(frame)); },
              .on_closed = [this](Error why) { OnInnerClosed(std::move(why)); }});
    if (!inner) return Forward(inner);
    std::this_thread::sleep_for(setup);
    inner_ = std::move(*inner);
    thread_ = std::thread([this] { Run(); });
    return {};
  }

  ~ShapedLink() override {
    if (!thread_.joinable()) return;
    ShapedLink::Close();
    {
      std::unique_lock lock(mutex_);
      ended_changed_.wait_for(lock, kLinger + rtt_, [this] { return ended_; });
      stopping_ = true;
      wake_.notify_all();
    }
    thread_.join();
    inner_.reset();
    if (!ended_ && callbacks_.on_closed) {
      callbacks_.on_closed(
          {ErrorCode::kNetwork, "the connection was cut here before the shaped link was empty"});
    }
  }

  Status Send(Bytes frame) override {
    const std::unique_lock lock(mutex_);
    if (closing_) return Fail(ErrorCode::kNetwork, "the connection is closed");
    if (!up_.Fits(frame.size(), limits_)) {
      Overflow(up_);
      return tl::unexpected(*overflow_);
    }
    up_.Add({clock_.Now(), std::move(frame), std::nullopt});
    wake_.notify_all();
    return {};
  }

  void Close() override {
    const std::unique_lock lock(mutex_);
    if (std::exchange(closing_, true)) return;
    up_.Add({clock_.Now(), Bytes(kCloseFrame), Error{}});
    wake_.notify_all();
  }

  ByteCount counted() const override { return inner_->counted(); }

 private:
  struct Parcel {
    Micros due;  // on entry to Add: now
    Bytes frame;
    std::optional<Error> close;
  };

  // What is under way in one direction.
  struct Lane {
    bool Fits(size_t size, const LinkLimits& limits) const { return bytes + size <= limits.outbox_bytes; }
    void Add(Parcel parcel) {
      parcel.due = pipe.DeliverAt(WebSocketBytes(parcel.frame.size(), direction), parcel.due);
      bytes += parcel.frame.size();
      parcels.push_back(std::move(parcel));
    }
    Parcel Take() {
      Parcel parcel = std::move(parcels.front());
      parcels.pop_front();
      bytes -= parcel.frame.size();
      return parcel;
    }

    ShapedPipe pipe;
    Direction direction;
    std::deque<Parcel> parcels{};
    size_t bytes = 0;
  };

  void OnInnerFrame(Bytes frame) {
    const std::unique_lock lock(mutex_);
    if (overflow_) return;
    if (!down_.Fits(frame.size(), limits_)) return Overflow(down_);
    down_.Add({clock_.Now(), std::move(frame), std::nullopt});
    wake_.notify_all();
  }

  void OnInnerClosed(Error why) {
    const std::unique_lock lock(mutex_);
    closing_ = true;
    down_.Add({clock_.Now(), Bytes(kCloseFrame), overflow_.value_or(std::move(why))});
    wake_.notify_all();
  }

  // The inner connection is closed at once, by our thread; its on_closed then carries this reason.
  void Overflow(const Lane& lane) {
    closing_ = true;
    overflow_ = Error{ErrorCode::kResource,
                      fmt::format("more than the link carries: {} bytes are under way {}", lane.bytes,
                                  lane.direction == Direction::kUp ? "to the cloud" : "from the cloud")};
    up_.parcels.clear();
    up_.bytes = 0;
    up_.parcels.push_back({clock_.Now(), {}, Error{}});
    wake_.notify_all();
  }

  void Run() {
    std::unique_lock lock(mutex_);
    while (!stopping_ && !ended_) {
      Lane* lane = NextLane();
      if (lane == nullptr) {
        wake_.wait(lock);
      } else if (const Micros due = lane->parcels.front().due; due > clock_.Now()) {
        wake_.wait_until(lock, AsTimePoint(due));
      } else {
        Parcel parcel = lane->Take();
        lock.unlock();
        HandOn(lane->direction, std::move(parcel));
        lock.lock();
      }
    }
  }

  // The lane whose first parcel is due first; null when nothing is under way.
  Lane* NextLane() {
    if (up_.parcels.empty() && down_.parcels.empty()) return nullptr;
    if (up_.parcels.empty()) return &down_;
    if (down_.parcels.empty()) return &up_;
    return up_.parcels.front().due <= down_.parcels.front().due ? &up_ : &down_;
  }

  void HandOn(Direction direction, Parcel parcel) {
    if (direction == Direction::kUp) {
      if (parcel.close) return inner_->Close();
      // A refusal needs no answer here: the inner connection then reports its end.
      (void)inner_->Send(std::move(parcel.frame));
    } else if (parcel.close) {
      if (callbacks_.on_closed) callbacks_.on_closed(std::move(*parcel.close));
      const std::unique_lock lock(mutex_);
      ended_ = true;
      ended_changed_.notify_all();
    } else if (callbacks_.on_frame) {
      callbacks_.on_frame(std::move(parcel.frame));
    }
  }

  const Micros rtt_;
  const LinkLimits limits_;
  const ConnectionCallbacks callbacks_;
  const SteadyClock clock_;
  std::unique_ptr<Connection> inner_;

  std::mutex mutex_;
  std::condition_variable wake_, ended_changed_;
  Lane up_, down_;
  std::optional<Error> overflow_;
  bool closing_ = false;   // Send refuses
  bool ended_ = false;     // on_closed was called
  bool stopping_ = false;  // the thread goes home

  std::thread thread_;
};

}  // namespace

Result<std::unique_ptr<Connection>> DialShaped(const LinkShape& shape, const LinkUse& use,
                                               const LinkLimits& limits, ConnectionCallbacks callbacks,
                                               const DialFunction& dial) {
  auto link = std::make_unique<ShapedLink>(shape, use, limits, std::move(callbacks));
  if (const Status status = link->Dial(dial, 2 * shape.rtt); !status) return Forward(status);
  return link;
}

}  // namespace tandem
