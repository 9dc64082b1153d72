// See dialer.h.
#include "cli/dialer.h"

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
  return [plain, shape = route.shape, limits](ConnectionCallbacks callbacks) {
    return DialShaped(shape, limits, std::move(callbacks), plain);
  };
}

}  // namespace tandem
