// How many clients one server carries: cloud-only streaming, speculation inside the server, and ours, for the
// demo target and for targets whose steps are dearer. t(rows) is measured on this machine, the load is
// simulated with it (lab/), a few points are checked live, and the same simulation is made with the roofline
// of devices that are not at hand.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "cli/row_costs.h"

namespace tandem {

struct CapacityOptions {
  std::vector<int> clients;          // each a load
  Micros rtt{30'000};                // of our edges' links
  int32_t tokens = 64;               // of each text
  int rounds = 20;                   // of measured row counts
  int threads = 1;                   // of the server
  std::vector<std::string> prompts;  // of the texts that tell the acceptance, and of the live ones
  uint64_t seed = 1;
  bool quick = false;  // the demo pair alone: nothing padded, nothing live
};

struct CapacityCurve {
  std::string model;
  std::vector<RowCost> points;
  int knee_half = 0, knee_double = 0;  // first rows, of many texts, beyond 1.5 and 2 steps of one; 0: none
};

struct CapacityRow {
  std::string how;     // "simulated", "live" or "roofline": not measured
  std::string target;  // and the device
  std::string scheme;  // "cloud", "server" or "ours"
  int clients = 1;
  int32_t k = 0;  // drafts a round, scheme server; 0: it is best off without
  double rtt_ms = 0;
  double server_tokens_per_s = 0;
  double client_ms_per_token = 0;  // mean over the clients
  double server_ms_per_token = 0;  // busy time of the server for each token; live: CPU time
  double acceptance = 0;           // of drafts judged; 0: none were
  // Live, against its simulation: a client's speed, and the server's time for a token; else 0.
  double speed_ratio = 0, server_ratio = 0;
};

struct Capacity {
  int cores = 0;          // that may be used here
  int threads = 1;        // of the server
  double acceptance = 0;  // of the demo pair, measured
  double edge_draft_ms = 0;
  std::vector<CapacityCurve> curves;
  std::vector<CapacityRow> rows;
};

using CapacityTell = std::function<void(const std::string&)>;

// Errors of models, processes and texts that failed; kInternal when `stopped`, asked all the time, says so.
Result<Capacity> MeasureCapacity(const CapacityOptions& options, const CapacityTell& tell,
                                 const std::function<bool()>& stopped);

}  // namespace tandem
