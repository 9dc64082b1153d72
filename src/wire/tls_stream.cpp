// See tls_stream.h. The one place that compiles Asio's TLS templates.
#include "wire/tls_stream.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

// After the above, which sets the switches.
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/stream.hpp>

#include "wire/tls_certificate.h"
#include "wire/tls_context.h"

namespace tandem {
namespace {

// The stream that takes it frees it.
SSL* NewSsl(const TlsContext& context) {
  SSL* ssl = SSL_new(context.get());
  if (ssl == nullptr) throw std::bad_alloc();
  return ssl;
}

}  // namespace

struct TlsStream::State {
  State(TcpSocket socket, std::shared_ptr<const TlsContext> shared)
      : context(std::move(shared)), stream(CountingStream(std::move(socket)), NewSsl(*context)) {}

  SSL* ssl() { return stream.native_handle(); }

  std::shared_ptr<const TlsContext> context;
  net::ssl::stream<CountingStream> stream;
  std::string flaw;  // what is wrong with the server's certificate
};

namespace {

bool IsAddress(const std::string& host) {
  in6_addr ignored;
  return inet_pton(AF_INET, host.c_str(), &ignored) == 1 || inet_pton(AF_INET6, host.c_str(), &ignored) == 1;
}

void InsistOn(const std::string& host, SSL* ssl) {
  if (IsAddress(host)) {
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host.c_str());
    return;
  }
  SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  SSL_set1_host(ssl, host.c_str());
  SSL_set_tlsext_host_name(ssl, host.c_str());
}

int ReasonOf(NetError error) {
  if (error.category() != net::error::get_ssl_category()) return 0;
  return ERR_GET_REASON(static_cast<unsigned long>(error.value()));
}

bool IsCut(NetError error) {
  return error == net::error::eof || error == net::ssl::error::stream_truncated ||
         error == net::error::connection_reset || error == net::error::broken_pipe;
}

}  // namespace

TlsStream::TlsStream(TcpSocket socket, std::shared_ptr<const TlsContext> context)
    : state_(std::make_unique<State>(std::move(socket), std::move(context))) {}
TlsStream::~TlsStream() = default;

TcpSocket& TlsStream::socket() {
  return state_->stream.next_layer().next_layer();
}
const std::shared_ptr<ByteCounter>& TlsStream::counter() const {
  return state_->stream.next_layer().counter();
}

void TlsStream::ShakeHandsAsClient(const std::string& host, std::function<void(NetError)> done) {
  InsistOn(host, state_->ssl());
  state_->stream.set_verify_callback(
      [state = state_.get(), host](bool fine, net::ssl::verify_context& check) {
        if (!fine) state->flaw = CertificateFlaw(check.native_handle(), host);
        return fine;
      });
  state_->stream.async_handshake(net::ssl::stream_base::client, std::move(done));
}

void TlsStream::ShakeHandsAsServer(std::function<void(NetError)> done) {
  state_->stream.async_handshake(net::ssl::stream_base::server, std::move(done));
}

void TlsStream::ReadSome(net::mutable_buffer into, IoHandler handler) {
  state_->stream.async_read_some(into, std::move(handler));
}

void TlsStream::WriteSome(const WriteBuffers& from, IoHandler handler) {
  state_->stream.async_write_some(from, std::move(handler));
}

void TlsStream::Shutdown(std::function<void(NetError)> done) {
  state_->stream.async_shutdown([done = std::move(done)](NetError error) {
    done(IsCut(error) ? NetError{} : error);  // a peer that hangs up without a word is done, too
  });
}

Error TlsStream::HandshakeError(NetError error, const std::string& peer) const {
  if (!state_->flaw.empty()) {
    return {ErrorCode::kAuth, fmt::format("the certificate of {} {}", peer, state_->flaw)};
  }
  if (IsCut(error)) {
    return {ErrorCode::kNetwork,
            fmt::format("{} cut the connection during the TLS handshake; does it speak wss://?", peer)};
  }
  switch (ReasonOf(error)) {
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_HTTP_REQUEST:
    case SSL_R_PACKET_LENGTH_TOO_LONG:
      return {ErrorCode::kProtocol, fmt::format("{} answers without TLS: wss:// is not spoken there", peer)};
    case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
    case SSL_R_UNSUPPORTED_PROTOCOL:
      return {ErrorCode::kProtocol,
              fmt::format("{} does not speak TLS 1.3, and nothing older is taken", peer)};
    default:
      return {ErrorCode::kProtocol, fmt::format("no TLS 1.3 with {}: {}", peer, error.message())};
  }
}

bool SpokePlainHttp(NetError handshake_error) {
  return ReasonOf(handshake_error) == SSL_R_HTTP_REQUEST;
}

}  // namespace tandem
