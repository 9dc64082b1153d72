// The way from the edge to its cloud: an address, a secret, whom to trust, and the link's shape.
#pragma once

#include <string>
#include <vector>

#include "edge/runner.h"
#include "wire/link_shape.h"

namespace tandem {

struct CloudRoute {
  std::string url;        // ws://HOST:PORT or wss://HOST:PORT
  std::string token;      // empty for none
  LinkShape shape;        // added to what the link is by itself
  std::string ca_file{};  // certificates that wss:// trusts, in PEM form; empty: the system's store
};

// kUsage for a url that is none, or a ca_file beside ws://; kFile for a ca_file that holds no certificates.
Result<Dialer> MakeDialer(const CloudRoute& route);

// Dials several clouds, at least one, in turn: the first call of a copy of it the one that was dialled last
// by any copy (at the very first the first route), each further call the next one. So a copy is for one text,
// and the next text begins where this one ended. One thread at a time.
Result<Dialer> MakeDialer(const std::vector<CloudRoute>& routes);

}  // namespace tandem
