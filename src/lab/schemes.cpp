// See schemes.h.
#include "lab/schemes.h"

#include <algorithm>

#include "lab/server_speculation.h"

namespace tandem {

namespace {

constexpr int32_t kLengths[] = {0, 1, 2, 3, 4, 6, 8};

constexpr int kPlays = 16;  // by one client; more clients need fewer, until luck decides nothing

SimulatedFigures OverLinks(const SchemeLoad& load, Mode mode, uint64_t seed) {
  return Simulate(SimulatedLoad{.clients = load.clients,
                                .mode = mode,
                                .tokens = load.tokens,
                                .link = {.rtt = load.rtt},
                                .step_costs = load.step_costs,
                                .draft_cost = load.edge_draft_cost,
                                .acceptance = load.acceptance,
                                .seed = seed});
}

// Of plays one after the other on one server, each with a seed of its own.
template <class Play>
SimulatedFigures Mean(const SchemeLoad& load, const Play& play) {
  const int plays = std::max(1, kPlays / load.clients);
  SimulatedFigures mean;
  double seconds_per_token = 0;
  for (int i = 0; i < plays; ++i) {
    const SimulatedFigures figures = play(load.seed + static_cast<uint64_t>(i));
    mean.ms_per_token += figures.ms_per_token / plays;
    mean.acceptance += figures.acceptance / plays;
    mean.server_us_per_token += figures.server_us_per_token / plays;
    seconds_per_token += 1 / figures.tokens_per_second / plays;
  }
  mean.tokens_per_second = 1 / seconds_per_token;
  return mean;
}

// Chosen by long texts of another seed: else luck would choose.
int32_t BestLength(ServerSpeculation inside) {
  inside.tokens *= kPlays;
  inside.seed += kPlays;
  return BestDraftLength(inside, kLengths);
}

}  // namespace

SchemeFigures CompareSchemes(const SchemeLoad& load) {
  ServerSpeculation inside{.clients = load.clients,
                           .tokens = load.tokens,
                           .step_costs = load.step_costs,
                           .draft_costs = load.server_draft_costs,
                           .acceptance = load.acceptance,
                           .seed = load.seed};
  inside.draft_length = BestLength(inside);
  SchemeFigures figures;
  figures.k = inside.draft_length;
  figures.cloud = Mean(load, [&](uint64_t seed) { return OverLinks(load, Mode::kCloud, seed); });
  figures.ours = Mean(load, [&](uint64_t seed) { return OverLinks(load, Mode::kAuto, seed); });
  figures.server = Mean(load, [&](uint64_t seed) {
    inside.seed = seed;
    return Simulate(inside);
  });
  return figures;
}

}  // namespace tandem
