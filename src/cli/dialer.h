// The way from the edge to its cloud: an address, a secret, and the link's shape.
#pragma once

#include <string>

#include "cli/arguments.h"
#include "edge/runner.h"

namespace tandem {

struct CloudRoute {
  std::string url;       // ws://HOST:PORT
  std::string token;     // empty for none
  Micros round_trip{0};  // added to the link's own
  LinkRates rates;       // 0: as fast as the link is
};

// kUsage for a url that is none.
Result<Dialer> MakeDialer(const CloudRoute& route);

}  // namespace tandem
