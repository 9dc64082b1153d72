// Holds the rows of bench figures against what speculation promises.
#pragma once

#include <vector>

#include "cli/bench_figures.h"

namespace tandem {

// For each load and round trip: auto against the best of all other modes (0.95), against streaming (0.98),
// and, for one client, against the best stop-and-wait (1.25 at 30 ms, 1.5 from 60 to 100 ms), the last
// bounded by what the link and the cost curve allow.
std::vector<FiguresClaim> ClaimsOf(const std::vector<FiguresRow>& rows);

}  // namespace tandem
