// See acceptor.h.
#include "wire/acceptor.h"

namespace tandem {

Result<net::ip::tcp::endpoint> FirstEndpoint(net::io_context& io, const HostPort& name) {
  NetError error;
  const auto found = TcpResolver(io).resolve(name.host, std::to_string(name.port), error);
  if (!error && !found.empty()) return found.begin()->endpoint();
  return Fail(ErrorCode::kUsage, "cannot resolve {}: {}", name.ToString(), error.message());
}

Status OpenAcceptor(TcpAcceptor& acceptor, const net::ip::tcp::endpoint& endpoint, const std::string& name) {
  NetError error;
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(net::socket_base::reuse_address(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(net::socket_base::max_listen_connections, error);
  if (error) return Fail(ErrorCode::kResource, "cannot listen on {}: {}", name, error.message());
  return {};
}

}  // namespace tandem
