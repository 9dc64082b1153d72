// See batcher.h.
#include "cloud/batcher.h"

#include <algorithm>

namespace tandem {

StepPlan Batcher::Plan(const std::vector<StepPart>& sessions, Micros now) {
  StepPlan plan;
  if (sessions.empty()) return plan;
  int left = max_rows_, prefill_left = prefill_rows_, logits = 0;
  const auto start =
      std::find_if(sessions.begin(), sessions.end(), [&](const StepPart& s) { return s.conn > turn_; });
  const size_t offset = static_cast<size_t>(start - sessions.begin());
  uint64_t left_out = 0;

  const auto take = [&](bool prefill) {
    for (size_t i = 0; i < sessions.size(); ++i) {
      const StepPart& part = sessions[(offset + i) % sessions.size()];
      Session& session = *part.session;
      if (prefill ? !session.WantsPrefill() : !session.WantsStep()) continue;
      const std::optional<SeqRows> rows =
          prefill ? session.PrefillRows(std::min(left, prefill_left)) : session.StepRows(left, now);
      if (!rows) {
        left_out = left_out == 0 ? part.conn : left_out;
        continue;
      }
      left -= static_cast<int>(rows->tokens.size());
      if (prefill) prefill_left -= static_cast<int>(rows->tokens.size());
      plan.rows.push_back(*rows);
      plan.parts.push_back({part.conn, part.session, logits});
      logits += rows->logits;
    }
  };
  take(false);
  take(true);
  if (left_out != 0) turn_ = left_out - 1;
  return plan;
}

}  // namespace tandem
