// The same load served three ways: the cloud alone streams, the server speculates by itself, the edges draft
// for it.
#pragma once

#include <cstdint>
#include <vector>

#include "lab/simulated_load.h"

namespace tandem {

struct SchemeLoad {
  int clients = 1;
  int32_t tokens = 64;                       // of each text
  Micros rtt{30'000};                        // of the edges' links
  std::vector<Micros> step_costs{};          // of the target, [i]: i + 1 rows
  std::vector<Micros> server_draft_costs{};  // of the draft on the server, likewise
  Micros edge_draft_cost{2'000};             // of one draft step at an edge
  double acceptance = 0.8;
  uint64_t seed = 1;
};

struct SchemeFigures {
  SimulatedFigures cloud, server, ours;
  int32_t k = 0;  // of the server's drafts: the best of 0, 1, 2, 3, 4, 6, 8
};

// With few clients the mean of several plays: 16 texts at least.
SchemeFigures CompareSchemes(const SchemeLoad& load);

}  // namespace tandem
