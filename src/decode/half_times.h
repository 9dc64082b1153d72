// What the layers on each side of a cut take on this machine: real steps of one row, of a prompt's tail and
// of a block, at every cut asked for, the weights loaded once.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"

namespace tandem {

// What layers of one side take, in us.
struct HalfTimes {
  double row_us = 0;    // a step of one row, as a generated token is
  double tail_us = 0;   // a step of kTailRows rows in small nodes, as a prompt's tail is
  double block_us = 0;  // kBulkRows rows in bulk (decode/prefill.h)
};
constexpr int kTailRows = 32;

struct HalfTimesAsked {
  std::string model;  // path
  int threads = 1;
  std::string device = "auto";
  int position = 64;  // rows in the cache before those that are measured, clipped to the context
  int rounds = 5;     // over all kinds of steps; the median counts
};

enum class Half { kEdge, kCloud };

// Of one side, one a cut (layers below it, 0 to the model's). Errors as Model::Load and GgmlEngine::Create;
// kUsage for other cuts, kContext for a model whose context has no room for a block; kInternal once
// `stopped`, asked between steps, says so.
Result<std::vector<HalfTimes>> MeasureHalf(const HalfTimesAsked& asked, Half half, std::span<const int> cuts,
                                           const std::function<bool()>& stopped);

}  // namespace tandem
