// How likely drafts are to stand, learned from those that were judged, and what that promises.
#pragma once

#include <array>

namespace tandem {

// Running acceptance by depth: the place of a draft behind the last token that was certain (0 is the first).
// Old judgements fade (a memory of about 100), so that a text that turns harder is noticed. Deeper places are
// pulled towards the mean, for they are judged seldom. A value: copy it freely.
class AcceptanceRate {
 public:
  void Judge(int depth, bool accepted);  // depth >= 0

  double At(int depth) const;  // chance that a draft stands given that all before it do, in [0.02, 0.98]
  double mean() const;         // of all depths, same range
  // Tokens that a step over `drafts` drafts brings, the correction or bonus included:
  // 1 + a0 + a0 a1 + ... (Leviathan et al., arXiv 2211.17192, for equal a: (1 - a^(g+1)) / (1 - a)).
  double ExpectedTokens(int drafts) const;
  // Chance that `drafts` drafts all stand.
  double Survival(int drafts) const;

 private:
  static constexpr int kDepths = 8;  // the last one holds all deeper ones

  struct Count {
    double judged = 0, accepted = 0;
  };
  std::array<Count, kDepths> depths_{};
  // The prior: 0.7, worth twelve judgements. A text is short: one that begins with luck would else have its
  // longest steps at once.
  Count all_{12.0, 8.4};
};

}  // namespace tandem
