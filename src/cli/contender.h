// One way of writing that a bench holds against others, and a text written that way.
#pragma once

#include <atomic>
#include <string>
#include <vector>

#include "cli/text_report.h"
#include "edge/edge_model.h"
#include "edge/runner.h"
#include "edge/writing_spec.h"

namespace tandem {

struct Contender {
  Mode mode = Mode::kCloud;
  int32_t k = 0;  // tokens drafted for a frame, of sync and speculate; else 0

  friend bool operator==(const Contender&, const Contender&) = default;
};

// Cloud; sync and speculate with k = 2, 4, 8; auto, the last.
std::vector<Contender> AllContenders();
std::string ContenderName(const Contender& contender);  // "auto", "sync k=4"

// Writes spec's text in the contender's mode, to nobody. What ended it early is the error; `cancel` ends it
// early without one.
Result<TextReport> WriteAs(const Contender& contender, WritingSpec spec, EdgeModel& edge, const Dialer& dial,
                           const std::atomic<bool>& cancel);

}  // namespace tandem
