// Speculation inside the server, as serving systems do it: the draft model runs beside the target. The
// server drafts k tokens for all its texts in lock-step, then verifies them in one step of the target, again
// and again. Costs were measured elsewhere; drafts stand by independent draws. What it leaves out: prompts,
// the link (it delays a text's start only), and the row that a draft model catches up with after k right
// ones.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/types.h"
#include "lab/simulated_load.h"

namespace tandem {

struct ServerSpeculation {
  int clients = 1;
  int32_t tokens = 64;              // of each text; a text that is done leaves
  int32_t draft_length = 4;         // k; 0: no drafts, which is streaming
  std::vector<Micros> step_costs;   // of the target, [i]: i + 1 rows
  std::vector<Micros> draft_costs;  // of the draft on the server, likewise
  double acceptance = 0.8;
  uint64_t seed = 1;
};

// ms_per_token, acceptance, tokens_per_second and server_us_per_token; the server never idles.
SimulatedFigures Simulate(const ServerSpeculation& load);

// The k of `lengths` whose server writes most tokens a second, by simulation.
int32_t BestDraftLength(ServerSpeculation load, std::span<const int32_t> lengths);

}  // namespace tandem
