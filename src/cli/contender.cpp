// See contender.h.
#include "cli/contender.h"

#include <algorithm>

#include "cli/writing.h"

namespace tandem {

std::vector<Contender> AllContenders() {
  std::vector<Contender> all{{Mode::kCloud, 0}};
  for (const Mode mode : {Mode::kSync, Mode::kSpeculate}) {
    for (const int32_t k : {2, 4, 8}) all.push_back({mode, k});
  }
  all.push_back({Mode::kAuto, 0});
  return all;
}

std::string ContenderName(const Contender& contender) {
  const std::string mode = ModeName(contender.mode);
  return contender.k == 0 ? mode : fmt::format("{} k={}", mode, contender.k);
}

Result<TextReport> WriteAs(const Contender& contender, WritingSpec spec, EdgeModel& edge, const Dialer& dial,
                           const std::atomic<bool>& cancel) {
  spec.mode = contender.mode;
  spec.draft_length = std::max(1, contender.k);
  TextPrinter printer(*edge.vocab, nullptr, false);
  auto writing = Write(spec, edge, dial, printer, cancel);
  if (!writing) return Forward(writing);
  if (writing->report.error) return tl::unexpected(*writing->report.error);
  return std::move(writing->report);
}

}  // namespace tandem
