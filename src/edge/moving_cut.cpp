// See moving_cut.h.
#include "edge/moving_cut.h"

namespace tandem {

Result<const EdgeSplit*> MovingCut::Next(CutFacts facts) {
  facts.load_us = static_cast<double>(loaded_.count());
  const auto place = rule_(facts);
  if (!place) return nullptr;
  const Micros begun = clock_.Now();
  auto part = LoadEdgeSplit(path_, *place, options_);
  if (!part) return Forward(part);
  loaded_ = clock_.Now() - begun;
  present_.reset();  // the front before the engine that it follows the text with, which assigning would not
  present_ = std::move(*part);
  return &*present_;
}

}  // namespace tandem
