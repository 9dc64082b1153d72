// Other cuts that a text goes on with: after so many tokens the model is cut before another layer. The caches
// of both halves are rebuilt from the ids; what is written stays.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "edge/edge_split.h"

namespace tandem {

struct CutChange {
  uint64_t after = 0;  // tokens of the text that are written by then
  int32_t begin = 0;   // layers here from then on
};

// One thread at a time.
class CutSchedule {
 public:
  // path, options: as LoadEdgeSplit's; plan: likewise, but for where it begins. changes: by rising `after`.
  CutSchedule(std::string path, SplitPlan plan, LoadEngineOptions options, std::vector<CutChange> changes)
      : path_(std::move(path)),
        plan_(std::move(plan)),
        options_(std::move(options)),
        changes_(std::move(changes)) {}

  // The part to go on with now that so many tokens are written; null when it stays as it is. Loads it, which
  // takes as long as it takes; the part that was given before is gone then. Errors as LoadEdgeSplit.
  Result<const EdgeSplit*> Next(uint64_t tokens);

 private:
  std::string path_;
  SplitPlan plan_;
  LoadEngineOptions options_;
  std::vector<CutChange> changes_;
  size_t done_ = 0;
  std::optional<EdgeSplit> present_;
};

}  // namespace tandem
