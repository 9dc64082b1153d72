// A cloud measured over its link, as a plan needs it: two short texts with the model cut before its first
// layer and behind its last one.
#pragma once

#include <string>

#include "base/result.h"
#include "edge/runner.h"
#include "edge/split_times.h"

namespace tandem {

struct ProbedCloud {
  double whole_row_us = 0;  // one row of all layers and the head, as the cloud says
  double head_row_us = 0;   // ... of the head alone
  LinkTimes link;           // as the first text's prompt and rows met it; down_bytes_per_us is not measured
};

// model: the whole model, which must be the cloud's. prompt: ids, some hundred for a rate to be seen. Errors
// as LoadEdgeSplit and as a text's; kNetwork when the cloud tells no costs.
Result<ProbedCloud> ProbeCloud(const std::string& model, const std::vector<Token>& prompt, const Dialer& dial,
                               const LoadEngineOptions& options);

// What the layers behind a cut take in that cloud: rows by the two figures, for layers are alike, the rest as
// `here` has it, what was measured of the same layers on this machine, in the same proportion.
HalfTimes HalfInCloud(const ProbedCloud& cloud, const HalfTimes& here, const HalfTimes& whole_here, int begin,
                      int layers);

}  // namespace tandem
