// See cut_schedule.h.
#include "edge/cut_schedule.h"

namespace tandem {

std::optional<int> CutSchedule::Next(uint64_t tokens) {
  if (done_ == changes_.size() || tokens < changes_[done_].after) return std::nullopt;
  return changes_[done_++].begin;
}

}  // namespace tandem
