// For tests: every way that the random decisions of a computation can fall, with its exact weight. The
// computation is the production code, run once a path with this in the place of NoiseDraws.
//
// As with real noise, the number behind an address is one number: drawn again, it is the same. Of each one
// the interval is kept that the decisions so far leave, and a decision splits it. So a computation that uses
// a number twice is enumerated with the dependence that this brings.
#pragma once

#include <algorithm>
#include <map>
#include <vector>

#include "sample/draws.h"

namespace tandem {

class Enumeration final : public Draws {
 public:
  // Calls run() once for each path. It must do the same for the same decisions; weight() is its path's.
  template <class F>
  void ForEach(F run) {
    path_.clear();
    do {
      Restart();
      run();
      ++paths_;
    } while (Advance());
  }

  double weight() const { return weight_; }
  uint64_t paths() const { return paths_; }    // walked to their end
  uint64_t reused() const { return reused_; }  // decisions, over all paths, at an address already drawn

  bool Accept(const DrawAddress& at, double probability) override {
    const double cut = std::clamp(probability, 0.0, 1.0);
    return Choose(at, {{0.0, cut}, {cut, 1.0}}) == 0;
  }

  size_t Pick(const DrawAddress& at, std::span<const double> weights) override {
    double sum = 0.0, below = 0.0;
    for (const double weight : weights) sum += weight;
    std::vector<Interval> cells;
    for (const double weight : weights) {
      const double above = below + weight;
      cells.push_back({below / sum, above / sum});
      below = above;
    }
    return Choose(at, cells);
  }

 private:
  struct Interval {
    double low = 0.0, high = 1.0;
    double length() const { return high - low; }
  };
  struct Fork {
    size_t taken = 0, ways = 0;
  };

  void Restart() {
    drawn_.clear();
    depth_ = 0;
    weight_ = 1.0;
  }

  // Takes the path's next way through the cells that the address's interval still meets.
  size_t Choose(const DrawAddress& at, const std::vector<Interval>& cells) {
    const auto [known, fresh] = drawn_.try_emplace(at);
    if (!fresh) ++reused_;
    std::vector<std::pair<size_t, Interval>> ways;
    for (size_t i = 0; i < cells.size(); ++i) {
      const Interval part{std::max(cells[i].low, known->second.low),
                          std::min(cells[i].high, known->second.high)};
      if (part.length() > 0.0) ways.push_back({i, part});
    }
    if (depth_ == path_.size()) path_.push_back({0, ways.size()});
    const auto& [choice, part] = ways[path_[depth_++].taken];
    weight_ *= part.length() / known->second.length();
    known->second = part;
    return choice;
  }

  bool Advance() {
    while (!path_.empty() && ++path_.back().taken == path_.back().ways) path_.pop_back();
    return !path_.empty();
  }

  std::vector<Fork> path_;
  size_t depth_ = 0;
  double weight_ = 1.0;
  uint64_t paths_ = 0, reused_ = 0;
  std::map<DrawAddress, Interval> drawn_;
};

}  // namespace tandem
