#include "cli/dialer.h"

#include "wire/websocket.h"

namespace tandem {

Result<Dialer> MakeDialer(const CloudRoute& route) {
  auto url = ParseWsUrl(route.url);
  if (!url) return Forward(url);
  return [url = *url, token = route.token](ConnectionCallbacks callbacks) {
    return DialWebSocket(url, token, LinkLimits{}, std::move(callbacks));
  };
}

}  // namespace tandem
