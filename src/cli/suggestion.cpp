// See suggestion.h.
#include "cli/suggestion.h"

#include <fmt/format.h>

#include <algorithm>

namespace tandem {

namespace {

// Levenshtein distance in which two neighbours that changed places count once, for "did you mean".
size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<std::vector<size_t>> cost(a.size() + 1, std::vector<size_t>(b.size() + 1));
  for (size_t i = 0; i <= a.size(); ++i) {
    for (size_t j = 0; j <= b.size(); ++j) {
      if (i == 0 || j == 0) {
        cost[i][j] = i + j;
        continue;
      }
      size_t change = cost[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
      cost[i][j] = std::min({cost[i - 1][j] + 1, cost[i][j - 1] + 1, change});
      bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) cost[i][j] = std::min(cost[i][j], cost[i - 2][j - 2] + 1);
    }
  }
  return cost[a.size()][b.size()];
}

// The nearest candidate that is plausibly a slip of the same word; empty for none.
std::string Nearest(std::string_view word, const std::vector<std::string>& candidates) {
  if (word.size() > 64) return "";  // no slip of ours, and the distance costs its square
  std::string best;
  size_t dashes = std::min(word.find_first_not_of('-'), word.size());
  size_t least = (word.size() - dashes) / 3 + 1;  // more than a third of the word wrong is another word
  for (const std::string& candidate : candidates) {
    bool prefix = word.size() > 2 && candidate.starts_with(word);
    size_t distance = prefix ? 1 : EditDistance(word, candidate);
    if (distance < least) {
      least = distance;
      best = candidate;
    }
  }
  return best;
}

}  // namespace

std::string Suggestion(std::string_view word, const std::vector<std::string>& candidates) {
  std::string nearest = Nearest(word, candidates);
  return nearest.empty() ? "" : fmt::format("; did you mean {}?", nearest);
}

}  // namespace tandem
