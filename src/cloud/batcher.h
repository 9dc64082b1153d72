// Joins the rows of all waiting sessions into one engine step. Sessions that verify or stream come first;
// prompts share what is left, up to prefill_rows when nobody else waits and up to one bulk block (kBulkRows)
// beside others, so that a long prompt delays them little. Who was left out for want of room comes first the
// next time, whatever it wants: nobody starves.
#pragma once

#include <memory>
#include <vector>

#include "cloud/session.h"

namespace tandem {

// One session's part of a step. Holding the session keeps its sequence open until the step is done.
struct StepPart {
  uint64_t conn = 0;
  std::shared_ptr<Session> session;
  int first_logits = 0;  // its first row in the step's logits
};

struct StepPlan {
  std::vector<SeqRows> rows;
  std::vector<StepPart> parts;  // one for each of rows
  int logits = 0;               // rows of logits in all
  bool prompts = false;         // some rows are a prompt's
};

class Batcher {
 public:
  // Rows of a step and of prompts in it; kBulkRows <= prefill_rows <= max_rows, and max_rows holds any
  // session's drafts and one row more.
  Batcher(int max_rows, int prefill_rows) : max_rows_(max_rows), prefill_rows_(prefill_rows) {}

  // `sessions` ordered by connection; `costs` says how many drafts pay. Empty when nobody wants anything now,
  // else never.
  StepPlan Plan(const std::vector<StepPart>& sessions, const CostCurve& costs, Micros now);

 private:
  int max_rows_;
  int prefill_rows_;
  uint64_t first_ = 0;     // the next plan begins at this connection or the one after it
  bool left_out_ = false;  // ... for it was left out of the last
};

}  // namespace tandem
