// See step_curve.h.
#include "lab/step_curve.h"

#include <algorithm>

namespace tandem {

std::vector<Micros> StepCosts(const std::vector<StepPoint>& points) {
  std::vector<Micros> costs;
  for (const StepPoint& point : points) {
    const auto from = static_cast<int64_t>(costs.size());
    const Micros before = costs.empty() ? point.took : costs.back();
    const Micros rise = std::max(Micros{0}, point.took - before);
    for (int64_t rows = from + 1; rows <= point.rows; ++rows)
      costs.push_back(before + rise * (rows - from) / (point.rows - from));
  }
  return costs;
}

Micros StepCost(const std::vector<Micros>& costs, size_t rows) {
  if (rows <= costs.size()) return costs[rows - 1];
  const size_t far = std::min<size_t>(costs.size(), 8);
  const Micros slope =
      (costs.back() - costs[costs.size() - far]) / std::max<int64_t>(1, static_cast<int64_t>(far) - 1);
  return costs.back() + slope * static_cast<int64_t>(rows - costs.size());
}

int KneeRows(const std::vector<Micros>& costs, double factor) {
  for (size_t i = 0; i < costs.size(); ++i) {
    if (ToMs(costs[i]) > factor * ToMs(costs.front())) return static_cast<int>(i) + 1;
  }
  return 0;
}

}  // namespace tandem
