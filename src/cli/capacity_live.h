// The live check of simulated loads: a cloud's process on cores of its own, clients' processes on the others,
// where there are any.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/types.h"
#include "edge/generation.h"

namespace tandem {

struct LiveLoad {
  std::string target, draft;  // paths
  std::vector<std::string> prompts;
  int32_t tokens = 48;
  Micros rtt{0};
  uint64_t seed = 1;
  int max_clients = 4;
  int threads = 1;  // of the server, a core for each
};

struct LiveFigures {
  double ms_per_token = 0;         // mean over the clients
  double tokens_per_second = 0;    // sum of theirs while all write
  double server_ms_per_token = 0;  // CPU time of the cloud's process, prompts and network included
  double acceptance = 0;
};

// Cores that this process may use.
std::vector<int> CoresAllowed();

// One cloud for all its loads; `stopped` is asked all the time.
class LiveServer {
 public:
  LiveServer(const LiveLoad& load, const std::function<bool()>& stopped);
  ~LiveServer();

  Status Start();
  // kInternal when a client fails, with what it said, or takes minutes.
  Result<LiveFigures> Run(int clients, Mode mode);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tandem
