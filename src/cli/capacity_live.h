// The live check of simulated loads: a cloud's process on one core, clients' processes on the others.
#pragma once

#include <functional>
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
};

struct LiveFigures {
  double ms_per_token = 0;       // mean over the clients
  double tokens_per_second = 0;  // sum of theirs while all write
  double acceptance = 0;
};

// Cores that this process may use.
std::vector<int> CoresAllowed();

// A cloud with one thread for all its loads; `stopped` is asked all the time.
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
