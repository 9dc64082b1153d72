// See batcher.h.
#include "cloud/batcher.h"

#include <algorithm>
#include <optional>

namespace tandem {
namespace {

// A step being filled.
struct Filling {
  StepPlan plan;
  int left = 0;          // rows
  int prefill_left = 0;  // ... of prompts
  StepSoFar so_far{};    // rows that verify or stream; one for each session that has not had its turn

  // False when the session's rows do not fit.
  bool Take(const StepPart& part, Micros now) {
    Session& session = *part.session;
    const bool prefill = session.WantsPrefill();
    if (!prefill) so_far.Leave();
    const std::optional<SeqRows> rows =
        prefill ? session.PrefillRows(std::min(left, prefill_left)) : session.StepRows(left, so_far, now);
    if (!rows) return false;
    const auto count = static_cast<int>(rows->tokens.size());
    left -= count;
    if (prefill) {
      prefill_left -= count;
      plan.prompts = true;
    } else {
      so_far.Join(count, session.expected_tokens());
    }
    plan.rows.push_back(*rows);
    plan.parts.push_back({part.conn, part.session, plan.logits});
    plan.logits += rows->logits;
    return true;
  }
};

}  // namespace

StepPlan Batcher::Plan(const std::vector<StepPart>& sessions, const CostCurve& costs, Micros now) {
  std::vector<const StepPart*> order;  // by connection, beginning at first_
  for (const StepPart& part : sessions) {
    if (part.conn >= first_) order.push_back(&part);
  }
  for (const StepPart& part : sessions) {
    if (part.conn < first_) order.push_back(&part);
  }
  const auto wants_step = [now](const StepPart* part) { return part->session->WantsStep(now); };
  const bool beside = std::any_of(order.begin(), order.end(), wants_step);
  const bool owed = left_out_ && !order.empty() && order.front()->conn == first_;
  std::stable_sort(order.begin() + (owed ? 1 : 0), order.end(),
                   [&](auto* a, auto* b) { return wants_step(a) && !wants_step(b); });

  Filling filling;
  filling.left = max_rows_;
  filling.so_far.curve = &costs;
  for (const StepPart* part : order) {
    if (wants_step(part)) filling.so_far.Join(1, 1);
  }
  filling.prefill_left = beside ? std::min<int>(kBulkRows, prefill_rows_) : prefill_rows_;
  left_out_ = false;
  for (const StepPart* part : order) {
    if (!part->session->WantsPrefill() && !wants_step(part)) continue;
    if (filling.Take(*part, now) || left_out_) continue;
    left_out_ = true;
    first_ = part->conn;
  }
  return std::move(filling.plan);
}

}  // namespace tandem
