// What Beast reads from and writes to: a counted TCP socket, bare or under TLS. One type for both, so that
// Beast's templates are compiled once; over TLS each read and write costs one more indirect call. Internal to
// the transport.
#pragma once

#include <array>
#include <memory>
#include <utility>

#include "wire/counting_stream.h"
#include "wire/tls_stream.h"

namespace tandem {

// Beast's requirements of a next layer, asynchronous half.
class ByteStream {
 public:
  using next_layer_type = TcpSocket;
  using executor_type = IoExecutor;

  explicit ByteStream(TcpSocket socket) : bare_(std::make_unique<CountingStream>(std::move(socket))) {}
  explicit ByteStream(std::unique_ptr<TlsStream> tls) : tls_(std::move(tls)) {}

  executor_type get_executor() noexcept { return next_layer().get_executor(); }
  TcpSocket& next_layer() noexcept { return tls_ ? tls_->socket() : bare_->next_layer(); }
  const TcpSocket& next_layer() const noexcept { return tls_ ? tls_->socket() : bare_->next_layer(); }
  const std::shared_ptr<ByteCounter>& counter() const { return tls_ ? tls_->counter() : bare_->counter(); }
  TlsStream* tls() { return tls_.get(); }  // null: bare

  template <class Buffers, class Token>
  auto async_read_some(const Buffers& buffers, Token&& token) {
    return net::async_initiate<Token, void(NetError, size_t)>(
        [this](auto&& handler, const Buffers& into) {
          if (!tls_) return bare_->async_read_some(into, std::forward<decltype(handler)>(handler));
          tls_->ReadSome(FirstFew<std::array<net::mutable_buffer, 1>>(into)[0],
                         IoHandler(std::forward<decltype(handler)>(handler)));
        },
        token, buffers);
  }

  template <class Buffers, class Token>
  auto async_write_some(const Buffers& buffers, Token&& token) {
    return net::async_initiate<Token, void(NetError, size_t)>(
        [this](auto&& handler, const Buffers& from) {
          if (!tls_) return bare_->async_write_some(from, std::forward<decltype(handler)>(handler));
          tls_->WriteSome(FirstFew<WriteBuffers>(from), IoHandler(std::forward<decltype(handler)>(handler)));
        },
        token, buffers);
  }

 private:
  // The first buffers that are not empty, up to as many as the array takes; the rest of it is empty.
  template <class Few, class Buffers>
  static Few FirstFew(const Buffers& buffers) {
    Few few{};
    size_t taken = 0;
    for (auto at = net::buffer_sequence_begin(buffers); at != net::buffer_sequence_end(buffers); ++at) {
      if (taken == few.size()) break;
      const typename Few::value_type buffer = *at;
      if (buffer.size() > 0) few[taken++] = buffer;
    }
    return few;
  }

  std::unique_ptr<CountingStream> bare_;  // one of the two
  std::unique_ptr<TlsStream> tls_;
};

// Beast ends a connection through these. What arrives after the closing handshake is thrown away, uncounted
// where the socket is bare.
template <class Handler>
void async_teardown(beast::role_type role, ByteStream& stream, Handler&& handler) {
  if (stream.tls() == nullptr) {
    return websocket::async_teardown(role, stream.next_layer(), std::forward<Handler>(handler));
  }
  auto kept = std::make_shared<std::decay_t<Handler>>(std::forward<Handler>(handler));
  stream.tls()->Shutdown([kept](NetError error) { std::move (*kept)(error); });
}
inline void teardown(beast::role_type role, ByteStream& stream, NetError& error) {
  websocket::teardown(role, stream.next_layer(), error);
}

}  // namespace tandem
