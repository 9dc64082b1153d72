// What a fault costs: the same text with and without a cut of the link or a killed cloud, on real processes:
// two clouds with the padded demo target, the edge here, a TCP proxy between them.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/types.h"

namespace tandem {

struct FaultsOptions {
  std::string prompt;
  int32_t tokens = 128;
  std::vector<Micros> round_trips;
  Micros cut{5'000'000};  // length of a cut
  uint64_t seed = 1;
};

struct FaultRow {
  // "stall": nothing passes for `cut`, nobody is told; "drop": connections are reset as well, new ones until
  // it is over; "kill": the cloud's process dies, a replica stands by.
  std::string fault;
  double rtt_ms = 0;
  double without_ms = 0, with_ms = 0;  // the text's whole time
  double allowed_ms = 0;               // that the fault may cost
  uint64_t reconnects = 0;
  bool identical = false;  // the text with the fault is the one without

  double CostMs() const { return with_ms - without_ms; }
  bool Kept() const { return identical && CostMs() <= allowed_ms; }
};

// Errors of models, of the clouds' processes and of texts that failed. `stopped` is asked between texts.
Result<std::vector<FaultRow>> MeasureFaults(const FaultsOptions& options,
                                            const std::function<void(const std::string&)>& tell,
                                            const std::function<bool()>& stopped);

}  // namespace tandem
