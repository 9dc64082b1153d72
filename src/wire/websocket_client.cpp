// Dialling a WebSocket server, see websocket.h.
#include <future>
#include <optional>
#include <thread>

#include "wire/websocket.h"
#include "wire/ws_link.h"

namespace tandem {
namespace {

constexpr std::chrono::milliseconds kLinger{500};  // to flush, in the destructor

// Whom to dial and how.
struct Callee {
  WsUrl url;
  std::string token;
  LinkLimits limits;
  std::shared_ptr<const TlsContext> tls;  // null for ws://
};

// The way to an upgraded link: resolve, connect, shake hands over TLS where that is asked for, upgrade, under
// one deadline. It runs on the caller's thread.
class Dialling {
 public:
  Dialling(net::io_context& io, Callee callee)
      : io_(io),
        url_(std::move(callee.url)),
        token_(std::move(callee.token)),
        limits_(callee.limits),
        trust_(std::move(callee.tls)),
        resolver_(io),
        timer_(io),
        socket_(io) {}

  Result<std::shared_ptr<WsLink>> Run() {
    timer_.expires_after(std::chrono::milliseconds(limits_.connect_timeout_ms));
    timer_.async_wait([this](NetError error) {
      if (!error && !done_) OnTimeout();
    });
    resolver_.async_resolve(url_.host, std::to_string(url_.port),
                            [this](NetError error, const auto& found) { OnResolved(error, found); });
    io_.run();
    io_.restart();
    if (error_) return tl::unexpected(*error_);
    return std::move(link_);
  }

 private:
  void OnTimeout() {
    const char* missing = link_ ? "WebSocket upgrade" : tls_ ? "TLS handshake" : "answer";
    Refuse({ErrorCode::kNetwork, fmt::format("no {} from {} within {} ms", missing, url_.Authority(),
                                             limits_.connect_timeout_ms)});
  }

  void OnResolved(NetError error, const TcpResolver::results_type& found) {
    if (error) {
      return Refuse({ErrorCode::kNetwork, fmt::format("cannot resolve {}: {}", url_.host, error.message())});
    }
    net::async_connect(socket_, found, [this](NetError failed, const auto&) { OnConnected(failed); });
  }

  void OnConnected(NetError error) {
    if (error) {
      return Refuse(
          {ErrorCode::kNetwork, fmt::format("cannot reach {}: {}", url_.Authority(), error.message())});
    }
    if (!trust_) return Upgrade(ByteStream(std::move(socket_)));
    tls_ = std::make_unique<TlsStream>(std::move(socket_), trust_);
    tls_->ShakeHandsAsClient(url_.host, [this](NetError failed) {
      if (failed) return Refuse(tls_->HandshakeError(failed, url_.Authority()));
      Upgrade(ByteStream(std::move(tls_)));
    });
  }

  void Upgrade(ByteStream stream) {
    link_ = std::make_shared<WsLink>(std::move(stream), limits_, url_.Authority());
    link_->stream().set_option(websocket::stream_base::decorator([this](websocket::request_type& request) {
      request.set(http::field::user_agent, "tandem");
      if (!token_.empty()) request.set(http::field::authorization, "Bearer " + token_);
    }));
    link_->stream().async_handshake(response_, url_.Authority(), url_.path,
                                    [this](NetError failed) { OnUpgraded(failed); });
  }

  void OnUpgraded(NetError error) {
    if (!error) return Done();
    if (error == websocket::error::upgrade_declined) return Refuse(Declined());
    const bool no_http = error.category() == http::make_error_code(http::error::bad_version).category() ||
                         error == websocket::condition::handshake_failed;
    if (no_http && error != http::error::end_of_stream && error != http::error::partial_message) {
      return Refuse({ErrorCode::kProtocol,
                     fmt::format("{} is no WebSocket server: {}", url_.Authority(), error.message())});
    }
    Refuse({ErrorCode::kNetwork, fmt::format("{} cut the connection before the WebSocket upgrade: {}",
                                             url_.Authority(), error.message())});
  }

  Error Declined() const {
    const unsigned status = response_.result_int();
    if (status == 426 && !url_.tls) {
      return {ErrorCode::kProtocol, fmt::format("{} speaks wss:// only (HTTP 426)", url_.Authority())};
    }
    if (status == 401) {
      return {ErrorCode::kAuth, fmt::format("{} {} (HTTP 401)", url_.Authority(),
                                            token_.empty() ? "asks for a token" : "refuses the token")};
    }
    if (status == 503) {
      return {ErrorCode::kBusy, fmt::format("{} takes no more connections (HTTP 503)", url_.Authority())};
    }
    return {ErrorCode::kProtocol,
            fmt::format("{} is no Tandem cloud: it answered HTTP {} to the WebSocket upgrade of {}",
                        url_.Authority(), status, url_.path)};
  }

  void Refuse(Error why) {
    if (!done_) error_ = std::move(why);
    Done();
  }

  // The first outcome counts. Handlers that are still pending find done_ set, or die with the io_context.
  void Done() {
    done_ = true;
    timer_.cancel();
    io_.stop();
  }

  net::io_context& io_;
  const WsUrl url_;
  const std::string token_;
  const LinkLimits limits_;
  const std::shared_ptr<const TlsContext> trust_;
  TcpResolver resolver_;
  Timer timer_;
  TcpSocket socket_;
  std::unique_ptr<TlsStream> tls_;  // while it shakes hands
  std::shared_ptr<WsLink> link_;
  websocket::response_type response_;
  std::optional<Error> error_;
  bool done_ = false;
};

class WsClient final : public Connection {
 public:
  // On success the I/O thread runs.
  Status Dial(Callee callee, ConnectionCallbacks callbacks) {
    dialling_.emplace(io_, std::move(callee));
    Result<std::shared_ptr<WsLink>> link = dialling_->Run();
    if (!link) return Forward(link);
    link_ = std::move(*link);
    ended_ = ended_promise_.get_future();
    callbacks.on_closed = [this, on_closed = std::move(callbacks.on_closed)](Error why) {
      if (on_closed) on_closed(std::move(why));
      ended_promise_.set_value();
    };
    net::post(io_, [link = link_, callbacks = std::move(callbacks)]() mutable {
      link->Start(std::move(callbacks));
    });
    thread_ = std::thread([this] { RunUntilStopped(io_); });
    return {};
  }

  ~WsClient() override {
    if (!thread_.joinable()) return;
    link_->Close();
    if (ended_.wait_for(kLinger) != std::future_status::ready) {
      link_->Drop(
          {ErrorCode::kNetwork, "the connection was cut here: its peer did not answer the close in time"});
      ended_.wait();
    }
    io_.stop();
    thread_.join();
  }

  Status Send(Bytes frame) override { return link_->Send(std::move(frame)); }
  void Close() override { link_->Close(); }
  ByteCount counted() const override { return link_->counted(); }

 private:
  net::io_context io_{1};
  net::executor_work_guard<IoExecutor> guard_{io_.get_executor()};
  std::optional<Dialling> dialling_;
  std::shared_ptr<WsLink> link_;
  std::promise<void> ended_promise_;
  std::future<void> ended_;
  std::thread thread_;
};

}  // namespace

Result<std::unique_ptr<Connection>> DialWebSocket(const WsUrl& url, const std::string& token,
                                                  const LinkLimits& limits, ConnectionCallbacks callbacks,
                                                  std::shared_ptr<const TlsContext> tls) try {
  if (token.find_first_of("\r\n") != std::string::npos) {
    return Fail(ErrorCode::kUsage, "the token for {} holds a line break", url.Authority());
  }
  Callee callee{url, token, limits, nullptr};
  if (url.tls) {
    Result<std::shared_ptr<const TlsContext>> trust = std::move(tls);
    if (!*trust) trust = TlsOfEdge("");
    if (!trust) return Forward(trust);
    callee.tls = std::move(*trust);
  }
  auto client = std::make_unique<WsClient>();
  if (const Status status = client->Dial(std::move(callee), std::move(callbacks)); !status)
    return Forward(status);
  return client;
} catch (const std::exception& failure) {
  return Fail(ErrorCode::kResource, "cannot dial {}: {}", url.Authority(), failure.what());
}

}  // namespace tandem
