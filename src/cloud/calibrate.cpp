// See calibrate.h.
#include "cloud/calibrate.h"

#include <algorithm>

#include "cloud/session.h"

namespace tandem {

namespace {

// Fewest first: what matters most is known first when patience ends.
constexpr int kRowCounts[] = {1, 4, 2, 8, 16, 32};
constexpr Pos kPrefix = 16;  // rows in the cache while one is measured

}  // namespace

Status Calibrate(Engine& engine, const Clock& clock, Micros patience, Service& service) {
  const Micros until = clock.Now() + patience;
  const Result<SeqId> seq = engine.Open();
  if (!seq) return Forward(seq);
  const SequenceLease lease(engine, *seq);
  const std::vector<Token> ids(static_cast<size_t>(CostCurve::kMaxRows), 0);
  const auto step = [&](Pos first, int rows) {
    const SeqRows batch{.seq = *seq,
                        .first = first,
                        .tokens = std::span(ids).first(static_cast<size_t>(rows)),
                        .logits = rows};
    return engine.Step(std::span(&batch, 1));
  };
  if (engine.info().context <= kPrefix + kRowCounts[0]) return {};
  if (const auto prefix = step(0, kPrefix); !prefix) return Forward(prefix);
  for (const int rows : kRowCounts) {
    if (kPrefix + rows > std::min<Pos>(engine.info().context, engine.info().max_rows)) continue;
    // The first time builds the graph and wakes threads; of the others the shorter met fewer hiccups.
    Micros shortest = Micros::max();
    for (int round = 0; round < 3; ++round) {
      if (Status s = engine.Truncate(*seq, kPrefix); !s) return s;
      const Micros begin = clock.Now();
      if (const auto logits = step(kPrefix, rows); !logits) return Forward(logits);
      if (round > 0) shortest = std::min(shortest, clock.Now() - begin);
    }
    service.Learn(rows, shortest);
    if (clock.Now() >= until) break;
  }
  return {};
}

}  // namespace tandem
