// Layers between the two that were asked for lie on a line; blocks are as much faster as rows are.
#include "cli/cloud_probe.h"

#include <gtest/gtest.h>

namespace tandem {
namespace {

TEST(CloudProbe, HalvesLieBetweenWhatWasAskedFor) {
  const ProbedCloud cloud{.whole_row_us = 700, .head_row_us = 100, .link = {}};
  const HalfTimes whole_here{.row_us = 7000, .tail_us = 20'000, .block_us = 30'000};
  const HalfTimes here{.row_us = 4000, .tail_us = 10'000, .block_us = 15'000};
  const HalfTimes half = HalfInCloud(cloud, here, whole_here, 3, 6);
  EXPECT_DOUBLE_EQ(half.row_us, 400);
  EXPECT_DOUBLE_EQ(half.block_us, 1500);
  EXPECT_DOUBLE_EQ(half.tail_us, 1000);
  EXPECT_DOUBLE_EQ(HalfInCloud(cloud, here, whole_here, 0, 6).row_us, 700);
  EXPECT_DOUBLE_EQ(HalfInCloud(cloud, here, whole_here, 6, 6).row_us, 100);
}

}  // namespace
}  // namespace tandem
