// See cut_schedule.h.
#include "edge/cut_schedule.h"

#include <charconv>

namespace tandem {

Result<CutChange> ParseCutChange(const std::string& text) {
  CutChange change;
  const char* const end = text.data() + text.size();
  const auto after = std::from_chars(text.data(), end, change.after);
  if (after.ec == std::errc() && after.ptr != end && *after.ptr == ':') {
    const auto begin = std::from_chars(after.ptr + 1, end, change.begin);
    if (begin.ec == std::errc() && begin.ptr == end && change.begin >= 0) return change;
  }
  return Fail(ErrorCode::kUsage, "--recut '{}', expected TOKENS:LAYERS like 40:2", text);
}

Result<const EdgeSplit*> CutSchedule::Next(uint64_t tokens) {
  if (done_ == changes_.size() || tokens < changes_[done_].after) return nullptr;
  auto part = LoadEdgeSplit(path_, {.begin = changes_[done_].begin, .codec = codec_}, options_);
  if (!part) return Forward(part);
  ++done_;
  present_.reset();  // the front before the engine that it follows the text with, which assigning would not
  present_ = std::move(*part);
  return &*present_;
}

}  // namespace tandem
