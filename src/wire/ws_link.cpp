// See ws_link.h.
#include "wire/ws_link.h"

#include <fmt/format.h>

namespace tandem {
namespace {

constexpr size_t kFrameCost = 64;                         // bytes that a queued frame takes beside its own
constexpr size_t kKeptBuffer = 64u << 10;                 // a read buffer that grew past this is given back
constexpr std::chrono::milliseconds kCloseTimeout{2000};  // for the peer to answer the closing handshake

Error ClosedHere(const std::string& peer) {
  return {ErrorCode::kNetwork, fmt::format("the connection to {} was closed here", peer)};
}

}  // namespace

std::string EndpointName(const net::ip::tcp::endpoint& endpoint) {
  const std::string address = endpoint.address().to_string();
  return endpoint.address().is_v6() ? fmt::format("[{}]:{}", address, endpoint.port())
                                    : fmt::format("{}:{}", address, endpoint.port());
}

void RunUntilStopped(net::io_context& io) {
  while (!io.stopped()) {
    try {
      io.run();
    } catch (const std::exception&) {
    }
  }
}

WsLink::WsLink(ByteStream socket, const LinkLimits& limits, std::string peer, int max_unconsumed)
    : limits_(limits),
      peer_(std::move(peer)),
      max_unconsumed_(max_unconsumed),
      stream_(std::move(socket)),
      counter_(stream_.next_layer().counter()) {
  NetError ignored;
  stream_.next_layer().next_layer().set_option(net::ip::tcp::no_delay(true), ignored);
  stream_.read_message_max(limits_.max_frame_bytes);
  stream_.auto_fragment(false);
  stream_.binary(true);
}

void WsLink::CutSocket() {
  NetError ignored;
  stream_.next_layer().next_layer().close(ignored);
}

void WsLink::Start(ConnectionCallbacks callbacks) {
  started_ = true;
  if (finished_) return callbacks.on_closed(end_);  // closed during the handshake
  callbacks_ = std::move(callbacks);
  stream_.set_option(websocket::stream_base::timeout{
      kCloseTimeout, std::chrono::milliseconds(limits_.idle_timeout_ms), true});
  Read();
}

Status WsLink::Send(Bytes frame) {
  const std::unique_lock lock(mutex_);
  if (closing_) return Fail(ErrorCode::kNetwork, "the connection to {} is closed", peer_);
  const size_t cost = frame.size() + kFrameCost;
  if (queued_bytes_ + cost > limits_.outbox_bytes + kFrameCost) {
    closing_ = true;
    Error why{ErrorCode::kResource,
              fmt::format("{} reads too slowly: {} bytes wait for it", peer_, queued_bytes_)};
    net::post(stream_.get_executor(), [self = shared_from_this(), why] { self->Finish(why); });
    return tl::unexpected(std::move(why));
  }
  queued_bytes_ += cost;
  outbox_.push_back(std::move(frame));
  if (!writing_) {
    writing_ = true;
    Post(&WsLink::Write);
  }
  return {};
}

void WsLink::Close() {
  const std::unique_lock lock(mutex_);
  if (closing_) return;
  closing_ = true;
  if (!writing_) Post(&WsLink::Shake);  // else OnWrite does it
}

void WsLink::Drop(Error why) {
  const std::unique_lock lock(mutex_);
  closing_ = true;
  net::post(stream_.get_executor(), [self = shared_from_this(), why = std::move(why)] { self->Finish(why); });
}

void WsLink::Consumed(int frames) {
  const std::unique_lock lock(mutex_);
  unconsumed_ = std::max(0, unconsumed_ - frames);
  if (!paused_ || unconsumed_ >= max_unconsumed_) return;
  paused_ = false;
  Post(&WsLink::Read);
}

void WsLink::Post(void (WsLink::*step)()) {
  net::post(stream_.get_executor(), [self = shared_from_this(), step] { ((*self).*step)(); });
}

void WsLink::Read() {
  if (finished_) return;
  stream_.async_read(incoming_, [self = shared_from_this()](NetError error, size_t) { self->OnRead(error); });
}

void WsLink::OnRead(NetError error) {
  if (finished_) return;
  if (error) return Finish(Lost(error));
  if (!stream_.got_binary()) {
    return Finish({ErrorCode::kProtocol, fmt::format("{} sent text, frames are binary messages", peer_)});
  }
  try {
    Deliver();
  } catch (const std::exception& failure) {
    return Finish(
        {ErrorCode::kInternal, fmt::format("a frame of {} could not be taken: {}", peer_, failure.what())});
  }
  if (!PauseAfterDelivery()) Read();
}

void WsLink::Deliver() {
  const auto data = incoming_.data();
  const auto* first = static_cast<const uint8_t*>(data.data());
  Bytes frame(first, first + data.size());
  incoming_.consume(incoming_.size());
  if (incoming_.capacity() > kKeptBuffer) incoming_.shrink_to_fit();
  if (callbacks_.on_frame) callbacks_.on_frame(std::move(frame));
}

bool WsLink::PauseAfterDelivery() {
  const std::unique_lock lock(mutex_);
  if (max_unconsumed_ == 0) return false;
  ++unconsumed_;
  paused_ = unconsumed_ >= max_unconsumed_;
  return paused_;
}

void WsLink::Write() {
  if (finished_) return;
  {
    const std::unique_lock lock(mutex_);
    outgoing_ = std::move(outbox_.front());
    outbox_.pop_front();
  }
  stream_.async_write(net::buffer(outgoing_),
                      [self = shared_from_this()](NetError error, size_t) { self->OnWrite(error); });
}

void WsLink::OnWrite(NetError error) {
  if (finished_) return;
  if (error) return Finish(Lost(error));
  std::unique_lock lock(mutex_);
  queued_bytes_ -= outgoing_.size() + kFrameCost;
  writing_ = !outbox_.empty();
  const bool more = writing_, closing = closing_;
  lock.unlock();
  if (more) {
    Write();
  } else if (closing) {
    Shake();
  }
}

void WsLink::Shake() {
  if (finished_) return;
  if (!started_) return Finish(ClosedHere(peer_));
  stream_.async_close(websocket::close_code::normal,
                      [self = shared_from_this()](NetError) { self->Finish(ClosedHere(self->peer_)); });
}

void WsLink::Finish(Error why) {
  if (std::exchange(finished_, true)) return;
  end_ = std::move(why);
  {
    const std::unique_lock lock(mutex_);
    closing_ = true;
    outbox_.clear();
  }
  CutSocket();
  const ConnectionCallbacks callbacks = std::exchange(callbacks_, {});
  if (callbacks.on_closed) callbacks.on_closed(end_);
}

Error WsLink::Lost(NetError error) {
  if (error == websocket::error::closed) {
    {
      const std::unique_lock lock(mutex_);
      if (closing_) return ClosedHere(peer_);
    }
    return {ErrorCode::kNetwork,
            fmt::format("{} closed the connection (code {})", peer_, stream_.reason().code)};
  }
  if (error == websocket::error::message_too_big || error == websocket::error::buffer_overflow) {
    return {ErrorCode::kProtocol,
            fmt::format("{} sent a message of more than {} bytes", peer_, limits_.max_frame_bytes)};
  }
  if (error == beast::error::timeout) {
    return {ErrorCode::kNetwork, fmt::format("no sign of {} for {} ms", peer_, limits_.idle_timeout_ms)};
  }
  const bool broken_rules = error == websocket::condition::protocol_violation;
  return {broken_rules ? ErrorCode::kProtocol : ErrorCode::kNetwork,
          fmt::format("the connection to {} was lost: {}", peer_, error.message())};
}

}  // namespace tandem
