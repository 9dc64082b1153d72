// The listening side of the proxy, see tcp_proxy.h: accepts, keeps the tunnels, cuts them in mode kDrop.
#include "wire/tcp_proxy.h"

#include <optional>
#include <set>
#include <thread>

#include "wire/acceptor.h"
#include "wire/tunnel.h"
#include "wire/ws_link.h"

namespace tandem {
namespace {

constexpr std::chrono::milliseconds kAcceptPause{100};  // after a failed accept: usually out of descriptors

class AsioProxy final : public TcpProxy {
 public:
  explicit AsioProxy(TcpProxyOptions options)
      : options_(std::move(options)), acceptor_(io_), pause_(io_), next_cut_(io_) {}
  ~AsioProxy() override { AsioProxy::Stop(); }

  Status Start() {
    const Result<HostPort> listen = ParseHostPort(options_.listen), to = ParseHostPort(options_.to);
    if (!listen) return Forward(listen);
    if (!to) return Forward(to);
    const Result<net::ip::tcp::endpoint> here = FirstEndpoint(io_, *listen), there = FirstEndpoint(io_, *to);
    if (!here) return Forward(here);
    if (!there) return Fail(ErrorCode::kNetwork, "{}", there.error().message);
    if (const Status status = OpenAcceptor(acceptor_, *here, options_.listen); !status) return status;
    address_ = EndpointName(acceptor_.local_endpoint());
    to_ = *there;
    start_ = clock_.Now();
    if (options_.cut_mode == CutMode::kDrop) AwaitCut(1);
    Accept();
    thread_ = std::thread([this] { RunUntilStopped(io_); });
    return {};
  }

  std::string address() const override { return address_; }

  TcpProxyTotals totals() const override {
    TcpProxyTotals totals{.connections = connections_, .refused = refused_};
    totals.up_bytes = counts_.bytes[static_cast<size_t>(Direction::kUp)];
    totals.down_bytes = counts_.bytes[static_cast<size_t>(Direction::kDown)];
    totals.stalls = counts_.stalls[0] + counts_.stalls[1];
    totals.cuts = static_cast<uint64_t>(options_.shape.cuts.Begun(SinceStart()));
    return totals;
  }

  void Stop() override {
    if (!thread_.joinable()) return;
    net::post(io_, [this] {
      acceptor_.close();
      ResetAll();
      io_.stop();
    });
    thread_.join();
  }

 private:
  Micros SinceStart() const { return clock_.Now() - start_; }

  // In mode kDrop connections do not live to see a cut.
  LinkShape TunnelShape() const {
    LinkShape shape = options_.shape;
    if (options_.cut_mode == CutMode::kDrop) shape.cuts = {};
    return shape;
  }

  void Accept() {
    acceptor_.async_accept([this](NetError error, TcpSocket socket) {
      if (error == net::error::operation_aborted) return;
      if (error) {
        pause_.expires_after(kAcceptPause);
        return pause_.async_wait([this](NetError) { Accept(); });
      }
      Take(std::move(socket));
      Accept();
    });
  }

  void Take(TcpSocket socket) {
    const LinkUse use{.connection = static_cast<uint32_t>(connections_++), .start = start_};
    const auto tunnel = std::make_shared<Tunnel>(std::move(socket), TunnelShape(), use, counts_);
    const bool dropped = options_.cut_mode == CutMode::kDrop && options_.shape.cuts.Cut(SinceStart());
    if (dropped || tunnels_.size() >= static_cast<size_t>(options_.max_connections)) {
      ++refused_;
      return tunnel->Reset();
    }
    tunnels_.insert(tunnel);
    tunnel->Start(to_, [this, key = std::weak_ptr(tunnel)](NetError error) {
      tunnels_.erase(key.lock());
      if (error) Trouble(error);
    });
  }

  void Trouble(NetError error) {
    ++refused_;
    if (options_.on_trouble)
      options_.on_trouble(fmt::format("cannot reach {}: {}", options_.to, error.message()));
  }

  void AwaitCut(int64_t number) {
    if (!options_.shape.cuts.Any()) return;
    next_cut_.expires_at(std::chrono::steady_clock::time_point(start_ + number * options_.shape.cuts.every));
    next_cut_.async_wait([this, number](NetError error) {
      if (error) return;
      ResetAll();
      AwaitCut(number + 1);
    });
  }

  void ResetAll() {
    for (const std::shared_ptr<Tunnel>& tunnel : tunnels_) tunnel->Reset();
    tunnels_.clear();
  }

  const TcpProxyOptions options_;
  const SteadyClock clock_;
  TunnelCounts counts_;
  std::atomic<uint64_t> connections_{0}, refused_{0};
  std::string address_;
  net::ip::tcp::endpoint to_;
  Micros start_{0};

  net::io_context io_{1};
  TcpAcceptor acceptor_;
  Timer pause_, next_cut_;
  std::set<std::shared_ptr<Tunnel>> tunnels_;  // the I/O thread's

  std::thread thread_;
};

}  // namespace

Result<std::unique_ptr<TcpProxy>> StartTcpProxy(const TcpProxyOptions& options) try {
  auto proxy = std::make_unique<AsioProxy>(options);
  if (const Status status = proxy->Start(); !status) return Forward(status);
  return proxy;
} catch (const std::exception& failure) {
  return Fail(ErrorCode::kResource, "cannot start a proxy on {}: {}", options.listen, failure.what());
}

}  // namespace tandem
