// See cost_curve.h.
#include "cloud/cost_curve.h"

#include <algorithm>
#include <cmath>

namespace tandem {

namespace {

constexpr double kGuessedSlope = 0.1;  // of t(1), a row
constexpr double kLevelPull = 0.15;    // of a step's surprise that goes to the level ...
constexpr double kShapePull = 0.08;    // ... and to its row count's own place on the curve
constexpr double kOutlier = 3;         // a step that much dearer than expected counts as that much

}  // namespace

void CostCurve::Observe(int rows, Micros took) {
  if (rows < 1 || rows > kMaxRows) return;
  const double us = std::max(1.0, static_cast<double>(took.count()));
  if (steps_++ == 0) level_us_ = us / (1 + kGuessedSlope * (rows - 1));
  Point& point = points_[static_cast<size_t>(rows)];
  ++point.seen;
  if (point.relative == 0) {
    point.relative = us / level_us_;
    return Draw();
  }
  const double surprise = std::clamp(us / (point.relative * level_us_), 1 / kOutlier, kOutlier);
  level_us_ *= std::pow(surprise, kLevelPull);
  // The first sights of a row count weigh alike: one of them may have met a hiccup.
  point.relative *= std::pow(surprise, std::max(kShapePull, 1.0 / point.seen));
  Draw();
}

double CostCurve::Relative(int rows, int below, int above) const {
  const auto at = [&](int r) { return points_[static_cast<size_t>(r)].relative; };
  if (below == above) return at(below);
  if (below != 0 && above != 0) return at(below) + (at(above) - at(below)) * (rows - below) / (above - below);
  if (below == 0) return at(above) / (1 + kGuessedSlope * (above - rows));
  const double slope = below == first_ ? at(first_) * kGuessedSlope / (1 + kGuessedSlope * (first_ - 1))
                                       : (at(below) - at(first_)) / (below - first_);
  return at(below) + std::max(0.0, slope) * (rows - below);
}

std::array<double, CostCurve::kMaxRows + 1> CostCurve::Guessed() {
  std::array<double, kMaxRows + 1> drawn{};
  for (int rows = 1; rows <= kMaxRows; ++rows)
    drawn[static_cast<size_t>(rows)] = 1 + kGuessedSlope * (rows - 1);
  return drawn;
}

void CostCurve::Draw() {
  std::array<int, kMaxRows + 2> above{};
  for (int rows = kMaxRows; rows >= 1; --rows)
    above[static_cast<size_t>(rows)] = Seen(rows) ? rows : above[static_cast<size_t>(rows) + 1];
  first_ = above[1];
  double most = 0;
  for (int rows = 1, below = 0; rows <= kMaxRows; ++rows) {
    if (Seen(rows)) below = last_ = rows;
    const double relative = Relative(rows, below, above[static_cast<size_t>(rows)]);
    drawn_[static_cast<size_t>(rows)] = most = std::max(most, relative);
  }
}

Micros CostCurve::At(int rows) const {
  double relative = drawn_[static_cast<size_t>(std::clamp(rows, 1, kMaxRows))];
  if (rows > kMaxRows && last_ > 0) relative = std::max(relative, Relative(rows, last_, 0));
  if (points_[1].relative > 0) relative = std::min(relative, rows * points_[1].relative);
  return Micros(static_cast<int64_t>(relative * level_us_));
}

}  // namespace tandem
