// The listening side, see websocket.h: accepts, asks http_front for the first request, keeps the upgraded
// links.
#include <condition_variable>
#include <map>
#include <thread>

#include "wire/acceptor.h"
#include "wire/http_front.h"
#include "wire/websocket.h"
#include "wire/ws_link.h"

namespace tandem {
namespace {

constexpr std::chrono::milliseconds kLinger{1000};      // for all connections to flush, in Stop
constexpr std::chrono::milliseconds kAcceptPause{100};  // after a failed accept: usually out of descriptors
constexpr int kMaxVisits = 64;                          // connections without an upgrade yet

class BeastServer final : public WsServer {
 public:
  BeastServer(WsServerOptions options, WsServerCallbacks callbacks)
      : options_(std::move(options)), callbacks_(std::move(callbacks)), acceptor_(io_), pause_(io_) {
    door_->token = options_.token;
    door_->tls = options_.tls;
    door_->timeout_ms = options_.limits.connect_timeout_ms;
    door_->has_room = [this] { return HasRoom(); };
    door_->on_upgrade = [this](ByteStream stream, const UpgradeRequest& request) {
      OnUpgrade(std::move(stream), request);
    };
  }
  ~BeastServer() override { Stop(); }

  Status Listen() {
    Result<net::ip::tcp::endpoint> endpoint = Resolve();
    if (!endpoint) return Forward(endpoint);
    if (const Status status = OpenAcceptor(acceptor_, *endpoint, options_.listen); !status) return status;
    bound_ = acceptor_.local_endpoint();
    Accept();
    thread_ = std::thread([this] { RunUntilStopped(io_); });
    return {};
  }

  Status Send(ConnId conn, Bytes frame) override {
    const std::shared_ptr<WsLink> link = Find(conn);
    if (!link) return Fail(ErrorCode::kNetwork, "connection {} is gone", conn);
    return link->Send(std::move(frame));
  }
  void Close(ConnId conn) override {
    if (const std::shared_ptr<WsLink> link = Find(conn)) link->Close();
  }
  void Consumed(ConnId conn, int frames) override {
    if (const std::shared_ptr<WsLink> link = Find(conn)) link->Consumed(frames);
  }
  uint16_t port() const override { return bound_.port(); }
  std::string address() const override { return EndpointName(bound_); }
  ByteCount counted(ConnId conn) const override {
    const std::shared_ptr<WsLink> link = Find(conn);
    return link ? link->counted() : ByteCount{};
  }
  ByteCount counted() const override {
    const std::unique_lock lock(mutex_);
    ByteCount total = ended_bytes_;
    for (const auto& [conn, link] : links_) {
      total.sent += link->counted().sent;
      total.received += link->counted().received;
    }
    return total;
  }

  void Stop() override {
    if (!thread_.joinable()) return;
    net::post(io_, [this] { acceptor_.close(); });
    std::unique_lock lock(mutex_);
    stopping_ = true;
    for (const auto& [conn, link] : links_) link->Close();
    if (!all_ended_.wait_for(lock, kLinger, [this] { return links_.empty(); })) {
      for (const auto& [conn, link] : links_) link->Drop({ErrorCode::kNetwork, "the server stopped"});
      all_ended_.wait(lock, [this] { return links_.empty(); });
    }
    lock.unlock();
    io_.stop();
    thread_.join();
  }

 private:
  // The first address of the listen name. One that is not loopback is only taken with a token.
  Result<net::ip::tcp::endpoint> Resolve() {
    const Result<HostPort> listen = ParseHostPort(options_.listen);
    if (!listen) return Forward(listen);
    const Result<net::ip::tcp::endpoint> endpoint = FirstEndpoint(io_, *listen);
    if (!endpoint) return Forward(endpoint);
    if (!endpoint->address().is_loopback() && options_.token.empty()) {
      return Fail(ErrorCode::kUsage,
                  "listening on {} would let every machine that reaches it in: it needs a token",
                  options_.listen);
    }
    return endpoint;
  }

  void Accept() {
    acceptor_.async_accept([this](NetError error, TcpSocket socket) {
      if (error == net::error::operation_aborted) return;
      if (error) {
        pause_.expires_after(kAcceptPause);
        return pause_.async_wait([this](NetError) { Accept(); });
      }
      Accept();
      if (door_->visits < kMaxVisits) Visit(std::move(socket), door_);  // else the socket closes here
    });
  }

  bool HasRoom() const {
    const std::unique_lock lock(mutex_);
    return !stopping_ && links_.size() < static_cast<size_t>(options_.max_connections);
  }

  void OnUpgrade(ByteStream stream, const UpgradeRequest& request) {
    NetError error;
    const net::ip::tcp::endpoint remote = stream.next_layer().remote_endpoint(error);
    if (error) return;  // already gone
    const std::string peer = EndpointName(remote);
    const auto link =
        std::make_shared<WsLink>(std::move(stream), options_.limits, peer, options_.max_unconsumed);
    const ConnId conn = ++last_conn_;
    {
      const std::unique_lock lock(mutex_);
      links_.emplace(conn, link);
    }
    link->stream().set_option(
        websocket::stream_base::timeout{std::chrono::milliseconds(options_.limits.connect_timeout_ms),
                                        websocket::stream_base::none(), false});
    link->stream().set_option(websocket::stream_base::decorator(
        [](websocket::response_type& response) { response.set(http::field::server, "tandem"); }));
    link->stream().async_accept(request, [this, conn, link, peer](NetError failed) {
      if (failed) return Forget(conn);
      if (callbacks_.on_open) callbacks_.on_open(conn, peer);
      link->Start({.on_frame = [this, conn](Bytes frame) { callbacks_.on_frame(conn, std::move(frame)); },
                   .on_closed = [this, conn](Error why) { OnClosed(conn, std::move(why)); }});
    });
  }

  void OnClosed(ConnId conn, Error why) {
    if (callbacks_.on_closed) callbacks_.on_closed(conn, std::move(why));
    Forget(conn);
  }

  void Forget(ConnId conn) {
    const std::unique_lock lock(mutex_);
    const auto at = links_.find(conn);
    ended_bytes_.sent += at->second->counted().sent;
    ended_bytes_.received += at->second->counted().received;
    links_.erase(at);
    if (links_.empty()) all_ended_.notify_all();
  }

  std::shared_ptr<WsLink> Find(ConnId conn) const {
    const std::unique_lock lock(mutex_);
    const auto at = links_.find(conn);
    return at == links_.end() ? nullptr : at->second;
  }

  const WsServerOptions options_;
  const WsServerCallbacks callbacks_;
  net::io_context io_{1};
  net::executor_work_guard<IoExecutor> guard_{io_.get_executor()};
  std::shared_ptr<FrontDoor> door_ = std::make_shared<FrontDoor>();
  TcpAcceptor acceptor_;
  Timer pause_;
  net::ip::tcp::endpoint bound_;
  ConnId last_conn_ = 0;  // the I/O thread's

  mutable std::mutex mutex_;
  std::condition_variable all_ended_;
  std::map<ConnId, std::shared_ptr<WsLink>> links_;
  ByteCount ended_bytes_;
  bool stopping_ = false;

  std::thread thread_;
};

}  // namespace

Result<std::unique_ptr<WsServer>> ListenWebSocket(const WsServerOptions& options,
                                                  WsServerCallbacks callbacks) try {
  auto server = std::make_unique<BeastServer>(options, std::move(callbacks));
  if (const Status status = server->Listen(); !status) return Forward(status);
  return server;
} catch (const std::exception& failure) {
  return Fail(ErrorCode::kResource, "cannot listen on {}: {}", options.listen, failure.what());
}

}  // namespace tandem
