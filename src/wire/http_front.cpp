// See http_front.h. Paths: any for an upgrade, /healthz for a health check.
#include "wire/http_front.h"

#include <openssl/crypto.h>

#include "base/hash.h"

namespace tandem {
namespace {

constexpr uint32_t kMaxHeader = 8192;

// What is said to a client on the wrong kind of port. 426 tells our own client what to say (RFC 2817, 4.2).
std::string WrongPort(std::string_view status, std::string_view speaks) {
  const std::string text = fmt::format("tandem cloud: this port speaks {}\n", speaks);
  return fmt::format(
      "HTTP/1.1 {}\r\nConnection: close\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n\r\n{}", status,
      text.size(), text);
}

// Constant time in the tokens' contents: their digests are compared, of equal length.
bool SameToken(std::string_view given, std::string_view wanted) {
  const Digest a = Sha256().Update(given).Finish(), b = Sha256().Update(wanted).Finish();
  return CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

bool MayEnter(const UpgradeRequest& request, const std::string& token) {
  if (token.empty()) return true;
  const beast::string_view header = request[http::field::authorization];
  constexpr std::string_view kScheme = "Bearer ";
  if (!beast::iequals(header.substr(0, kScheme.size()), kScheme)) return false;
  return SameToken({header.data() + kScheme.size(), header.size() - kScheme.size()}, token);
}

class HttpVisit : public std::enable_shared_from_this<HttpVisit> {
 public:
  HttpVisit(TcpSocket socket, std::shared_ptr<FrontDoor> door)
      : stream_(Behind(std::move(socket), door->tls)),
        timer_(stream_.get_executor()),
        door_(std::move(door)) {
    parser_.header_limit(kMaxHeader);
    ++door_->visits;
  }
  ~HttpVisit() { --door_->visits; }

  void Start() {
    timer_.expires_after(std::chrono::milliseconds(door_->timeout_ms));
    timer_.async_wait([self = weak_from_this()](NetError error) {
      const std::shared_ptr<HttpVisit> visit = self.lock();
      if (!error && visit) visit->CutSocket();
    });
    if (stream_.tls() == nullptr) return ReadRequest();
    stream_.tls()->ShakeHandsAsServer([self = shared_from_this()](NetError error) {
      if (!error) return self->ReadRequest();
      if (SpokePlainHttp(error))
        return self->SayBelow(WrongPort("426 Upgrade Required\r\nUpgrade: TLS/1.3", "wss://"));
      self->CutSocket();
    });
  }

 private:
  static ByteStream Behind(TcpSocket socket, const std::shared_ptr<const TlsContext>& tls) {
    if (!tls) return ByteStream(std::move(socket));
    return ByteStream(std::make_unique<TlsStream>(std::move(socket), tls));
  }

  void ReadRequest() {
    http::async_read_header(stream_, buffer_, parser_, [self = shared_from_this()](NetError error, size_t) {
      if (!error) return self->Answer();
      if (self->GotTlsHello()) return self->SayBelow(WrongPort("400 Bad Request", "ws://, without TLS"));
      self->CutSocket();
    });
  }

  // On a plain port: the client began with a TLS record that holds a handshake.
  bool GotTlsHello() {
    if (stream_.tls() != nullptr || buffer_.size() < 2) return false;
    const auto* first = static_cast<const uint8_t*>(buffer_.data().data());
    return first[0] == 0x16 && first[1] == 0x03;
  }

  // A last word to a peer on the wrong kind of port, past TLS.
  void SayBelow(std::string text) {
    last_word_ = std::move(text);
    net::async_write(stream_.next_layer(), net::buffer(last_word_),
                     [self = shared_from_this()](NetError, size_t) { self->CutSocket(); });
  }

  void Answer() {
    if (websocket::is_upgrade(parser_.get())) return AnswerUpgrade();
    const http::verb verb = parser_.get().method();
    const bool reads = verb == http::verb::get || verb == http::verb::head;
    if (reads && parser_.get().target() == "/healthz") return Respond(http::status::ok, "ok\n");
    Respond(http::status::not_found, "tandem cloud: connect with ws://, or GET /healthz\n");
  }

  void AnswerUpgrade() {
    if (!MayEnter(parser_.get(), door_->token))
      return Respond(http::status::unauthorized, "wrong or missing token\n");
    if (!door_->has_room()) return Respond(http::status::service_unavailable, "no more connections\n");
    timer_.cancel();
    door_->on_upgrade(std::move(stream_), parser_.release());
  }

  void Respond(http::status status, std::string_view text) {
    response_.version(11);
    response_.result(status);
    response_.keep_alive(false);
    response_.set(http::field::server, "tandem");
    response_.set(http::field::content_type, "text/plain");
    if (status == http::status::unauthorized) response_.set(http::field::www_authenticate, "Bearer");
    response_.body() = text;
    response_.prepare_payload();
    if (parser_.get().method() == http::verb::head) response_.body().clear();
    http::async_write(stream_, response_, [self = shared_from_this()](NetError, size_t) { self->Leave(); });
  }

  void Leave() {
    if (stream_.tls() == nullptr) return CutSocket();
    stream_.tls()->Shutdown([self = shared_from_this()](NetError) { self->CutSocket(); });
  }

  void CutSocket() {
    NetError ignored;
    stream_.next_layer().shutdown(TcpSocket::shutdown_both, ignored);
    stream_.next_layer().close(ignored);
  }

  ByteStream stream_;
  Timer timer_;
  std::shared_ptr<FrontDoor> door_;
  beast::flat_buffer buffer_{kMaxHeader};
  http::request_parser<http::empty_body> parser_;
  http::response<http::string_body> response_;
  std::string last_word_;
};

}  // namespace

void Visit(TcpSocket socket, std::shared_ptr<FrontDoor> door) {
  std::make_shared<HttpVisit>(std::move(socket), std::move(door))->Start();
}

}  // namespace tandem
