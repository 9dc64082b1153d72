// What a long perplexity run has measured so far, kept in a file so that an interrupted run goes on where it
// was: the sums, and what they belong to.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "lab/perplexity_run.h"

namespace tandem {

// The estimate after that many windows, of the whole model and of the first point.
struct CurvePoint {
  uint64_t windows = 0;
  double base = 0, point = 0;
  friend bool operator==(const CurvePoint&, const CurvePoint&) = default;
};

struct PartialResult {
  PerplexitySums sums;
  std::vector<CurvePoint> curve;
  std::vector<double> facts;  // RowFacts' sums, where they are asked for
};

// What sums depend on, by name: model, text, windows' form, kernels, points. How many windows are meant is
// none of it: a run may be lengthened.
using RunIdentity = std::vector<std::pair<std::string, std::string>>;

class PartialFile {
 public:
  // path: empty for none, and nothing is kept.
  PartialFile(std::string path, RunIdentity identity)
      : path_(std::move(path)), identity_(std::move(identity)) {}

  // What the file holds; nothing done when it is not there. kFile for a file that is not such a result (more
  // than 16 MiB, other JSON, sums that are none) and kUsage for one of another run, with the first
  // difference.
  Result<PartialResult> Read() const;

  // Replaces the file, whole or not at all; at most once a second unless `now`. kFile.
  Status Keep(const PartialResult& result, bool now);

 private:
  std::string path_;
  RunIdentity identity_;
  SteadyClock clock_;
  Micros kept_{};
};

}  // namespace tandem
