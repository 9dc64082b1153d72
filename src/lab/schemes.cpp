// See schemes.h.
#include "lab/schemes.h"

#include "lab/server_speculation.h"

namespace tandem {

namespace {

constexpr int32_t kLengths[] = {0, 1, 2, 3, 4, 6, 8};

SimulatedFigures OverLinks(const SchemeLoad& load, Mode mode) {
  return Simulate(SimulatedLoad{.clients = load.clients,
                                .mode = mode,
                                .tokens = load.tokens,
                                .link = {.rtt = load.rtt},
                                .step_costs = load.step_costs,
                                .draft_cost = load.edge_draft_cost,
                                .acceptance = load.acceptance,
                                .seed = load.seed});
}

}  // namespace

SchemeFigures CompareSchemes(const SchemeLoad& load) {
  SchemeFigures figures;
  ServerSpeculation inside{.clients = load.clients,
                           .tokens = load.tokens,
                           .step_costs = load.step_costs,
                           .draft_costs = load.server_draft_costs,
                           .acceptance = load.acceptance,
                           .seed = load.seed};
  inside.draft_length = figures.k = BestDraftLength(inside, kLengths);
  figures.server = Simulate(inside);
  figures.cloud = OverLinks(load, Mode::kCloud);
  figures.ours = OverLinks(load, Mode::kAuto);
  return figures;
}

}  // namespace tandem
