// The way from the edge to its cloud: an address, a secret, and the link's shape.
#pragma once

#include <string>

#include "edge/runner.h"
#include "wire/link_shape.h"

namespace tandem {

struct CloudRoute {
  std::string url;    // ws://HOST:PORT
  std::string token;  // empty for none
  LinkShape shape;    // added to what the link is by itself
};

// kUsage for a url that is none.
Result<Dialer> MakeDialer(const CloudRoute& route);

}  // namespace tandem
