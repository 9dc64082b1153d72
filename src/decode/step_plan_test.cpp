// Every row of a step is in exactly one attention node, of a size whose kernel rounds as its class promises.
#include "decode/step_plan.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace tandem {
namespace {

RC_GTEST_PROP(PlanAttention, SmallNodesHoldTwoToSixtyThreeRows, ()) {
  const int rows = *rc::gen::inRange(2, 700);
  int next = 0;
  for (const AttentionNode& node : PlanAttention(rows, false, 1024)) {
    RC_ASSERT(node.begin == next);
    RC_ASSERT(node.rows >= 2 && node.rows <= kSmallNodeRows);
    RC_ASSERT(!node.twice);
    next += node.rows;
  }
  RC_ASSERT(next == rows);
}

TEST(PlanAttention, BulkRowsShareOneNode) {
  const std::vector<AttentionNode> expected = {{0, 448, false}};
  EXPECT_EQ(PlanAttention(448, true, 512), expected);
}

TEST(PlanAttention, ALoneRowIsDoubledWhereItsKernelWouldDiffer) {
  EXPECT_FALSE(PlanAttention(1, false, 256)[0].twice);
  EXPECT_TRUE(PlanAttention(1, false, 512)[0].twice);
  EXPECT_EQ((PlannedSequence{0, 0, 1, 512, PlanAttention(1, false, 512)}.MaskRows()), 2);
  EXPECT_EQ((PlannedSequence{0, 0, 1, 256, PlanAttention(1, false, 256)}.MaskRows()), 1);
}

TEST(RowRule, Pads) {
  EXPECT_EQ((RowRule{1, 1}.Pad(1)), 1);
  EXPECT_EQ((RowRule{2, 1}.Pad(1)), 2);
  EXPECT_EQ((RowRule{2, 1}.Pad(3)), 3);
  EXPECT_EQ((RowRule{2, 4}.Pad(1)), 4);
  EXPECT_EQ((RowRule{1, 4}.Pad(9)), 12);
  EXPECT_EQ((RowRule{2, 4}.Pad(0)), 0);
}

}  // namespace
}  // namespace tandem
