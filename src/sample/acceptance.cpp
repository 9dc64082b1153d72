// See acceptance.h.
#include "sample/acceptance.h"

#include <algorithm>

namespace tandem {

namespace {

constexpr double kFade = 1.0 - 1.0 / 100;
constexpr double kPull = 12;  // judgements that the mean is worth at one depth

double Clamp(double rate) {
  return std::clamp(rate, 0.02, 0.98);
}

}  // namespace

void AcceptanceRate::Judge(int depth, bool accepted) {
  const double stands = accepted ? 1.0 : 0.0;
  Count& own = depths_[static_cast<size_t>(std::clamp(depth, 0, kDepths - 1))];
  for (Count* count : {&own, &all_}) {
    count->judged = count->judged * kFade + 1;
    count->accepted = count->accepted * kFade + stands;
  }
}

double AcceptanceRate::mean() const {
  return Clamp(all_.accepted / all_.judged);
}

double AcceptanceRate::At(int depth) const {
  const Count& own = depths_[static_cast<size_t>(std::clamp(depth, 0, kDepths - 1))];
  return Clamp((own.accepted + kPull * mean()) / (own.judged + kPull));
}

double AcceptanceRate::ExpectedTokens(int drafts) const {
  double tokens = 1, stands = 1;
  for (int depth = 0; depth < drafts; ++depth) tokens += stands *= At(depth);
  return tokens;
}

double AcceptanceRate::Survival(int drafts) const {
  double stands = 1;
  for (int depth = 0; depth < drafts; ++depth) stands *= At(depth);
  return stands;
}

}  // namespace tandem
