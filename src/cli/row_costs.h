// t(rows) of a model on this machine: steps of many row counts on the real engine, rows of one text (a verify
// step) and rows of many (what a server batches). With one thread in its own CPU time, which other load
// hardly moves; with more by the clock, and then the machine must be quiet.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/types.h"

namespace tandem {

struct RowCost {
  int rows = 0, texts = 0;  // each text has rows / texts of the rows
  double ms = 0;            // the quickest: other load only ever adds to it
  double median_ms = 0;     // far above ms: the machine was not quiet
};

struct RowCostsAsked {
  std::string model;  // a GGUF's path
  int threads = 1;
  std::vector<int> rows;        // rising; up to 64 anything, beyond it multiples of 64
  int rounds = 20;              // over all row counts in turn, so that drift hits all alike
  Micros patience{40'000'000};  // no new round after it; one is made in any case
};

// By texts, then rows: one text up to 32 rows, then as many texts as rows, 64 at most. Errors as loading a
// model; kInternal when `stopped`, asked between steps, says so.
Result<std::vector<RowCost>> MeasureRowCosts(const RowCostsAsked& asked,
                                             const std::function<bool()>& stopped);

}  // namespace tandem
