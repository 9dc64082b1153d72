// Many edges on one cloud without the machines: the real Generation and Service over fake models, under a
// virtual clock, with costs that were measured on real ones. What it leaves out: prompts, the sockets'
// and the sampler's time.
#pragma once

#include <cstdint>
#include <vector>

#include "edge/generation.h"
#include "lab/traced_draft.h"
#include "wire/link_shape.h"

namespace tandem {

struct SimulatedLoad {
  int clients = 1;
  Mode mode = Mode::kAuto;
  int32_t draft_length = 4;
  int32_t tokens = 64;  // of each text
  LinkShape link{};
  std::vector<Micros> step_costs;    // [i]: a step of i + 1 rows; not empty
  Micros draft_cost{2'000};          // of one draft step
  double acceptance = 0.8;           // of the draft, to be imitated
  std::vector<DraftMoment> trace{};  // not empty: drafts as these instead, acceptance and doubt
  uint64_t seed = 1;
};

struct SimulatedFigures {
  double ms_per_token = 0;            // mean over the clients
  double predicted_ms_per_token = 0;  // mode auto
  double bound_ms = 0;                // the same
  double acceptance = 0;
  double uplink_bytes_per_token = 0;
  double sent_per_token = 0, stale_per_token = 0;  // drafts; stale: of these, thrown away unjudged
  double tokens_per_second = 0;                    // of the whole cloud
  double server_us_per_token = 0;  // that the cloud spent in steps; it may stand still between them
};

SimulatedFigures Simulate(const SimulatedLoad& load);

// Mean over seeds 1..seeds, for one text's luck moves ms per token by several per cent.
SimulatedFigures SimulateSeeds(SimulatedLoad load, int seeds);

}  // namespace tandem
