// A TCP socket that counts what passes: the one place where bytes of the WebSocket transport are counted, the
// HTTP upgrade, frame headers, masks, pings and closing handshake included, and over TLS its handshake and
// records, too.
#pragma once

#include <atomic>
#include <memory>
#include <utility>

#include "wire/beast.h"
#include "wire/transport.h"

namespace tandem {

// Read from any thread.
struct ByteCounter {
  std::atomic<uint64_t> sent{0};
  std::atomic<uint64_t> received{0};

  ByteCount Read() const { return {sent.load(), received.load()}; }
};

// A completion handler that adds what was transferred, then calls the one it wraps. It keeps the counter
// alive.
template <class Handler>
struct CountingHandler {
  Handler handler;
  std::shared_ptr<ByteCounter> counter;
  std::atomic<uint64_t> ByteCounter::*direction;

  void operator()(NetError error, size_t bytes) {
    ((*counter).*direction).fetch_add(bytes, std::memory_order_relaxed);
    std::move(handler)(error, bytes);
  }
};

// Beast's and Asio's requirements of a next layer, asynchronous half.
class CountingStream {
 public:
  using next_layer_type = TcpSocket;
  using lowest_layer_type = TcpSocket;  // as Asio's TLS asks for it
  using executor_type = IoExecutor;

  explicit CountingStream(TcpSocket socket)
      : socket_(std::move(socket)), counter_(std::make_shared<ByteCounter>()) {}

  executor_type get_executor() noexcept { return socket_.get_executor(); }
  TcpSocket& next_layer() noexcept { return socket_; }
  const TcpSocket& next_layer() const noexcept { return socket_; }
  lowest_layer_type& lowest_layer() noexcept { return socket_; }
  const lowest_layer_type& lowest_layer() const noexcept { return socket_; }
  const std::shared_ptr<ByteCounter>& counter() const { return counter_; }

  template <class Buffers, class Token>
  auto async_read_some(const Buffers& buffers, Token&& token) {
    return net::async_initiate<Token, void(NetError, size_t)>(
        [this](auto&& handler, const Buffers& into) {
          socket_.async_read_some(into,
                                  Counting(std::forward<decltype(handler)>(handler), &ByteCounter::received));
        },
        token, buffers);
  }

  template <class Buffers, class Token>
  auto async_write_some(const Buffers& buffers, Token&& token) {
    return net::async_initiate<Token, void(NetError, size_t)>(
        [this](auto&& handler, const Buffers& from) {
          socket_.async_write_some(from,
                                   Counting(std::forward<decltype(handler)>(handler), &ByteCounter::sent));
        },
        token, buffers);
  }

 private:
  template <class Handler>
  CountingHandler<std::decay_t<Handler>> Counting(Handler&& handler,
                                                  std::atomic<uint64_t> ByteCounter::*direction) {
    return {std::forward<Handler>(handler), counter_, direction};
  }

  TcpSocket socket_;
  std::shared_ptr<ByteCounter> counter_;
};

}  // namespace tandem

// The wrapped handler's executor, allocator and cancellation slot are those of the wrapper.
template <template <typename, typename> class Associator, typename Handler, typename Candidate>
struct boost::asio::associator<Associator, tandem::CountingHandler<Handler>, Candidate>
    : Associator<Handler, Candidate> {
  static auto get(const tandem::CountingHandler<Handler>& counting) noexcept {
    return Associator<Handler, Candidate>::get(counting.handler);
  }
  static auto get(const tandem::CountingHandler<Handler>& counting, const Candidate& candidate) noexcept {
    return Associator<Handler, Candidate>::get(counting.handler, candidate);
  }
};
