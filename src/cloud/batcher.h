// Joins the rows of all waiting sessions into one engine step. Sessions that verify or stream come first, so
// that a long prompt delays them by one chunk at most; prompts share what is left, up to prefill_rows. Who
// was left out comes first the next time.
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
};

class Batcher {
 public:
  Batcher(int max_rows, int prefill_rows) : max_rows_(max_rows), prefill_rows_(prefill_rows) {}

  // `sessions` in a stable order (by connection).
  StepPlan Plan(const std::vector<StepPart>& sessions, Micros now);

 private:
  int max_rows_;
  int prefill_rows_;
  uint64_t turn_ = 0;  // connection after which the next plan begins
};

}  // namespace tandem
