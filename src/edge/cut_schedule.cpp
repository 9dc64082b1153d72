// See cut_schedule.h.
#include "edge/cut_schedule.h"

namespace tandem {

Result<const EdgeSplit*> CutSchedule::Next(uint64_t tokens) {
  if (done_ == changes_.size() || tokens < changes_[done_].after) return nullptr;
  plan_.begin = changes_[done_].begin;
  auto part = LoadEdgeSplit(path_, plan_, options_);
  if (!part) return Forward(part);
  ++done_;
  present_.reset();  // the front before the engine that it follows the text with, which assigning would not
  present_ = std::move(*part);
  return &*present_;
}

}  // namespace tandem
