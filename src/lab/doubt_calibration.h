// Are the chances true that the edge gives its drafts? Traces are gone through in order, each draft is given
// its chance by what was judged before it, and then judged.
#pragma once

#include <string>
#include <vector>

#include "lab/draft_trace.h"

namespace tandem {

struct CalibrationBin {
  int drafts = 1;           // in a row: 1, or kRow of them that must all stand
  double from = 0, to = 0;  // drafts = 1: margins; else: predicted chances
  int count = 0;
  double predicted = 0;  // mean chance
  double happened = 0;   // share that stood
};

constexpr int kRow = 4;

// Bins that hold nothing are left out. Each trace is a text of its own: it begins with nothing learned.
std::vector<CalibrationBin> Calibrate(const std::vector<std::vector<DraftSample>>& traces);

}  // namespace tandem
