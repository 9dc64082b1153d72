// t(rows): what an engine step of so many rows costs here and now, learned from the steps that were run. It
// decides how many drafts pay in a step (cloud/step_policy.h).
#pragma once

#include <array>
#include <cstdint>

#include "base/types.h"

namespace tandem {

// One thread at a time.
class CostCurve {
 public:
  // Steps of more are neither learned from nor told apart. As many as an engine takes by default: 64 texts
  // with drafts need hundreds.
  static constexpr int kMaxRows = 512;

  // A step of `rows` rows (>= 1, none of them a prompt's in bulk) took so long.
  void Observe(int rows, Micros took);

  bool known() const { return steps_ > 0; }
  // All steps take `factor` times as long: a guess for a part of the model.
  void Scale(double factor) { level_us_ *= factor; }
  // Monotone in rows, and never more than so many steps of one row. Between row counts that were seen linear,
  // beyond them with the slope seen; from a single point one row more is guessed at a tenth. 1 ms and a tenth
  // a row while nothing is known.
  Micros At(int rows) const;

 private:
  static std::array<double, kMaxRows + 1> Guessed();

  struct Point {
    double relative = 0;  // to level_us_; 0: never seen
    int seen = 0;
  };

  bool Seen(int rows) const { return points_[static_cast<size_t>(rows)].relative > 0; }
  // Through the nearest row counts that were seen; 0 for none on that side.
  double Relative(int rows, int below, int above) const;
  void Draw();

  // Other load moves all row counts alike: it is followed fast, as a level; the curve's shape slowly.
  double level_us_ = 1000;
  std::array<Point, kMaxRows + 1> points_{};
  // Relative, made monotone: what At reads, for a step asks it hundreds of times and observes once.
  std::array<double, kMaxRows + 1> drawn_ = Guessed();
  int first_ = 0, last_ = 0;  // row counts that were seen; 0: none
  uint64_t steps_ = 0;
};

}  // namespace tandem
