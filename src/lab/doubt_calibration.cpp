// See doubt_calibration.h.
#include "lab/doubt_calibration.h"

#include <algorithm>
#include <array>
#include <limits>

#include "sample/acceptance_by_margin.h"

namespace tandem {

namespace {

using Trace = std::vector<DraftSample>;

constexpr std::array kChances = {0.0, 0.1, 0.2, 0.4, 0.6, 1.0};  // bounds of the bins of kRow drafts

double MarginOf(const DraftSample& draft) {
  return draft.Of(Surety::kMargin);
}

class Bins {
 public:
  Bins() {
    const auto& bounds = AcceptanceByMargin::kBounds;
    for (size_t i = 0; i < AcceptanceByMargin::kBuckets; ++i)
      bins_.push_back({.drafts = 1,
                       .from = i == 0 ? 0 : bounds[i - 1],
                       .to = i < bounds.size() ? bounds[i] : std::numeric_limits<double>::infinity()});
    for (size_t i = 0; i + 1 < kChances.size(); ++i)
      bins_.push_back({.drafts = kRow, .from = kChances[i], .to = kChances[i + 1]});
  }

  void Book(int drafts, double at, double chance, bool stood) {
    for (CalibrationBin& bin : bins_) {
      if (bin.drafts != drafts || at < bin.from || at >= bin.to) continue;
      ++bin.count;
      bin.predicted += chance;
      bin.happened += stood ? 1 : 0;
    }
  }

  std::vector<CalibrationBin> Take() {
    std::erase_if(bins_, [](const CalibrationBin& bin) { return bin.count == 0; });
    for (CalibrationBin& bin : bins_) {
      bin.predicted /= bin.count;
      bin.happened /= bin.count;
    }
    return std::move(bins_);
  }

 private:
  std::vector<CalibrationBin> bins_;
};

// The kRow drafts behind a certain token.
void BookRow(const AcceptanceByMargin& known, const Trace& trace, size_t at, Bins& bins) {
  if (at + kRow > trace.size()) return;
  double chance = 1;
  bool stood = true;
  for (int i = 0; i < kRow; ++i) {
    const DraftSample& draft = trace[at + static_cast<size_t>(i)];
    chance *= known.Of(i, MarginOf(draft));
    stood = stood && draft.stands;
  }
  bins.Book(kRow, chance, chance, stood);
}

void BookText(const Trace& trace, Bins& bins) {
  AcceptanceByMargin known;
  int depth = 0;
  for (size_t i = 0; i < trace.size(); ++i) {
    if (depth == 0) BookRow(known, trace, i, bins);
    const double margin = MarginOf(trace[i]);
    bins.Book(1, margin, known.Of(depth, margin), trace[i].stands);
    known.Judge(depth, margin, trace[i].stands);
    depth = trace[i].stands ? depth + 1 : 0;
  }
}

}  // namespace

std::vector<CalibrationBin> Calibrate(const std::vector<Trace>& traces) {
  Bins bins;
  for (const Trace& trace : traces) BookText(trace, bins);
  return bins.Take();
}

}  // namespace tandem
