// See link_facts.h.
#include "edge/link_facts.h"

#include <algorithm>
#include <vector>

namespace tandem {

namespace {

constexpr Micros kNoise{2'000};  // that frames come late by anyway
constexpr size_t kLately = 5;    // round trips of which the median counts

}  // namespace

void LinkFacts::Opened(const GenerationStats& stats) {
  up_bytes_per_us_ = uplink_.Rate(stats.rows_came, kNoise).value_or(0);
  old_trips_ = stats.network.size();
  ++sessions_;
}

void LinkFacts::Front(Micros took, int rows) {
  if (rows == 0) return;
  front_us_ = static_cast<double>(took.count());
  front_rows_ = rows;
}

void LinkFacts::Moved() {
  front_us_ = 0;
  front_rows_ = 0;
}

CutFacts LinkFacts::Facts(const Generation& generation) const {
  const GenerationStats& stats = generation.stats();
  CutFacts facts{.tokens = stats.generated,
                 .length = static_cast<Pos>(generation.text().size()),
                 .front_us = front_us_,
                 .front_rows = front_rows_};
  const auto& costs = generation.planner().costs().step_us;
  if (!costs.empty()) facts.cloud_row_us = costs.front();
  facts.up_bytes_per_us = up_bytes_per_us_;
  facts.sessions = sessions_;
  if (stats.network.size() <= old_trips_) return facts;
  std::vector<Micros> lately(
      stats.network.begin() +
          static_cast<std::ptrdiff_t>(
              std::max(old_trips_, stats.network.size() - std::min(kLately, stats.network.size()))),
      stats.network.end());
  const auto middle = lately.begin() + static_cast<std::ptrdiff_t>(lately.size() / 2);
  std::nth_element(lately.begin(), middle, lately.end());
  facts.away_us = static_cast<double>(middle->count());
  return facts;
}

}  // namespace tandem
