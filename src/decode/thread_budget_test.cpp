// Threads are given up for what others use of the cores, and for nothing else.
#include "decode/thread_budget.h"

#include <gtest/gtest.h>

namespace tandem {
namespace {

// One second on `cores` cores of which others used `others` and this process `own`.
int Spare(int cores, double others, double own, int max) {
  const CpuUse before{.wall = 100, .busy = 50, .own = 20, .cores = cores};
  const CpuUse now{.wall = 101, .busy = 50 + others + own, .own = 20 + own, .cores = cores};
  return ThreadsToSpare(before, now, max);
}

TEST(ThreadBudget, AQuietMachineIsUsedInFull) {
  EXPECT_EQ(Spare(2, 0, 2, 2), 2);
  EXPECT_EQ(Spare(2, 0.3, 1.7, 2), 2);
  EXPECT_EQ(Spare(16, 0.2, 4, 4), 4);
}

TEST(ThreadBudget, ABusyLoopTakesOneThread) {
  EXPECT_EQ(Spare(2, 0.67, 1.33, 2), 1);  // it fights with two spinning threads for two cores
  EXPECT_EQ(Spare(2, 1, 1, 2), 1);        // it has a core of its own
  EXPECT_EQ(Spare(16, 1, 15, 16), 15);
  EXPECT_EQ(Spare(16, 1, 4, 4), 4);  // there are cores enough
}

TEST(ThreadBudget, OneThreadIsTheLeast) {
  EXPECT_EQ(Spare(2, 2, 0, 2), 1);
  EXPECT_EQ(Spare(1, 0, 1, 8), 1);
  EXPECT_EQ(Spare(2, 0, 2, 8), 2);  // more threads than cores would wait for each other
}

TEST(ThreadBudget, ReadsThisMachine) {
  const auto use = ReadCpuUse();
#ifdef __linux__
  ASSERT_TRUE(use);
  EXPECT_GE(use->cores, 1);
  EXPECT_GE(use->wall * use->cores, use->busy);
#endif
  ThreadBudget budget(3);
  EXPECT_GE(budget.Now(), 1);
  EXPECT_LE(budget.Now(), 3);
}

}  // namespace
}  // namespace tandem
