// See dialer.h.
#include "edge/dialer.h"

#include "base/clock.h"
#include "wire/shaped_link.h"
#include "wire/websocket.h"

namespace tandem {

Result<Dialer> MakeDialer(const CloudRoute& route) {
  auto url = ParseWsUrl(route.url);
  if (!url) return Forward(url);
  std::shared_ptr<const TlsContext> trust;
  if (url->tls) {
    auto loaded = TlsOfEdge(route.ca_file);
    if (!loaded) return Forward(loaded);
    trust = *loaded;
  } else if (!route.ca_file.empty()) {
    return Fail(ErrorCode::kUsage, "certificates in {} are of no use for {}: only wss:// has TLS",
                route.ca_file, route.url);
  }
  LinkLimits limits;
  Dialer plain = [url = *url, token = route.token, limits, trust](ConnectionCallbacks callbacks) {
    return DialWebSocket(url, token, limits, std::move(callbacks), trust);
  };
  if (!route.shape.Changes()) return plain;
  LinkUse use{.connection = 0, .start = SteadyClock().Now()};
  return [plain, shape = route.shape, use, limits](ConnectionCallbacks callbacks) mutable {
    const LinkUse this_use = use;
    ++use.connection;  // a redialled connection meets a fate of its own
    return DialShaped(shape, this_use, limits, std::move(callbacks), plain);
  };
}

Result<Dialer> MakeDialer(const std::vector<CloudRoute>& routes) {
  std::vector<Dialer> dialers;
  for (const CloudRoute& route : routes) {
    auto dialer = MakeDialer(route);
    if (!dialer) return Forward(dialer);
    dialers.push_back(std::move(*dialer));
  }
  return [dialers, at = std::make_shared<size_t>(0), again = false](ConnectionCallbacks callbacks) mutable {
    if (std::exchange(again, true)) *at = (*at + 1) % dialers.size();
    return dialers[*at](std::move(callbacks));
  };
}

}  // namespace tandem
