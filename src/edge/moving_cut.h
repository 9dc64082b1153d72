// A cut that moves while a text runs: a rule says where to, the layers are loaded here, the loop opens
// another session (RunHooks::recut). The caches of both halves are rebuilt from the ids; what is written
// stays.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "base/clock.h"
#include "base/result.h"
#include "edge/cut_follower.h"
#include "edge/edge_split.h"

namespace tandem {

// Where to go on, or nullopt to stay.
using CutRule = std::function<std::optional<SplitPlan>(const CutFacts&)>;

// One thread at a time.
class MovingCut {
 public:
  // path, options: as LoadEdgeSplit's. loaded: what loading the first part took.
  MovingCut(std::string path, LoadEngineOptions options, Micros loaded, CutRule rule)
      : path_(std::move(path)), options_(std::move(options)), loaded_(loaded), rule_(std::move(rule)) {}

  // The part to go on with; null when it stays as it is. Loads it, which takes as long as it takes, beside
  // the part that was given before, which is gone then; the one that the text began with stays loaded. Errors
  // as LoadEdgeSplit.
  Result<const EdgeSplit*> Next(CutFacts facts);

 private:
  std::string path_;
  LoadEngineOptions options_;
  Micros loaded_;
  CutRule rule_;
  SteadyClock clock_;
  std::optional<EdgeSplit> present_;
};

}  // namespace tandem
