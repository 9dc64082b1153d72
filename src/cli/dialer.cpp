// See dialer.h.
#include "cli/dialer.h"

#include "base/clock.h"
#include "wire/shaped_link.h"
#include "wire/websocket.h"

namespace tandem {

Result<Dialer> MakeDialer(const CloudRoute& route) {
  auto url = ParseWsUrl(route.url);
  if (!url) return Forward(url);
  LinkLimits limits;
  Dialer plain = [url = *url, token = route.token, limits](ConnectionCallbacks callbacks) {
    return DialWebSocket(url, token, limits, std::move(callbacks));
  };
  if (!route.shape.Changes()) return plain;
  LinkUse use{.connection = 0, .start = SteadyClock().Now()};
  return [plain, shape = route.shape, use, limits](ConnectionCallbacks callbacks) mutable {
    const LinkUse this_use = use;
    ++use.connection;  // a redialled connection meets a fate of its own
    return DialShaped(shape, this_use, limits, std::move(callbacks), plain);
  };
}

}  // namespace tandem
