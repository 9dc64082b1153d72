// See step_plan.h.
#include "decode/step_plan.h"

#include <algorithm>

namespace tandem {

int RowRule::Pad(int rows) const {
  if (rows == 0) return 0;
  const int enough = std::max(rows, least);
  return (enough + multiple - 1) / multiple * multiple;
}

std::vector<AttentionNode> PlanAttention(int rows, bool bulk, int columns) {
  if (bulk) return {{0, rows, false}};
  if (rows == 1) return {{0, 1, columns >= kSplitColumns}};
  std::vector<AttentionNode> nodes;
  const int count = (rows + kSmallNodeRows - 1) / kSmallNodeRows;
  for (int i = 0; i < count; ++i) {
    const int begin = rows * i / count, end = rows * (i + 1) / count;
    nodes.push_back({begin, end - begin, false});
  }
  return nodes;
}

}  // namespace tandem
