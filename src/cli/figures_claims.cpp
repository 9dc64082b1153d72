// See figures_claims.h.
#include "cli/figures_claims.h"

#include <algorithm>
#include <limits>
#include <map>
#include <tuple>

namespace tandem {

namespace {

constexpr double kNever = std::numeric_limits<double>::infinity();

// The rows of one load at one round trip.
struct Cell {
  double cloud = kNever, sync = kNever, fixed = kNever;  // ms per token, the best k
  const FiguresRow* planned = nullptr;

  void Take(const FiguresRow& row) {
    if (row.mode == Mode::kAuto) planned = &row;
    if (row.mode == Mode::kCloud) cloud = row.ms_per_token;
    if (row.mode == Mode::kSync) sync = std::min(sync, row.ms_per_token);
    if (row.mode == Mode::kSpeculate) fixed = std::min(fixed, row.ms_per_token);
  }
};

// How much faster than stop and wait; 0: no promise there.
double WantedOverSync(double rtt_ms) {
  if (rtt_ms >= 60 && rtt_ms <= 100) return 1.5;
  return rtt_ms == 30 ? 1.25 : 0;
}

}  // namespace

std::vector<FiguresClaim> ClaimsOf(const std::vector<FiguresRow>& rows) {
  std::map<std::tuple<std::string, int, double>, Cell> cells;
  for (const FiguresRow& row : rows) cells[{row.how, row.clients, row.rtt_ms}].Take(row);
  std::vector<FiguresClaim> claims;
  for (const auto& [key, cell] : cells) {
    const auto& [how, clients, rtt] = key;
    if (cell.planned == nullptr || cell.planned->ms_per_token <= 0) continue;
    const double mine = cell.planned->ms_per_token;
    const std::string where =
        fmt::format("{}, {} client{}, {:g} ms", how, clients, clients == 1 ? "" : "s", rtt);
    claims.push_back(
        {where + ": auto against the best mode", 0.95, std::min({cell.cloud, cell.sync, cell.fixed}) / mine});
    claims.push_back({where + ": auto against streaming", 0.98, cell.cloud / mine});
    const double wanted = clients == 1 ? WantedOverSync(rtt) : 0;
    if (wanted > 0 && cell.planned->bound_ms > 0)
      claims.push_back(
          {where + ": auto against sync", wanted, cell.sync / mine, cell.sync / cell.planned->bound_ms});
  }
  return claims;
}

}  // namespace tandem
