// Listening on an address, for the WebSocket server and the proxy. Internal to the transport: it shows Asio.
#pragma once

#include "base/result.h"
#include "wire/beast.h"
#include "wire/ws_url.h"

namespace tandem {

// The first address of a name. kUsage, with the system's reason.
Result<net::ip::tcp::endpoint> FirstEndpoint(net::io_context& io, const HostPort& name);

// Opens, binds and listens. kResource when the port is in use or not ours to take.
Status OpenAcceptor(TcpAcceptor& acceptor, const net::ip::tcp::endpoint& endpoint, const std::string& name);

}  // namespace tandem
