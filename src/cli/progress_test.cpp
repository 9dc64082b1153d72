// The progress line, and that nothing of it reaches a file.
#include "cli/progress.h"

#include <gtest/gtest.h>

namespace tandem {
namespace {

constexpr Micros kMinute{60'000'000};

TEST(Progress, TellsWhatIsLeftFromThePaceSoFar) {
  EXPECT_EQ(ProgressLine(10, 40, kMinute), "[#####---------------] 10 of 40, 1:00 gone, about 3:00 left");
  EXPECT_EQ(ProgressLine(1, 100, kMinute), "[--------------------] 1 of 100, 1:00 gone, about 1:39:00 left");
}

TEST(Progress, TellsNothingWhereNothingIsKnown) {
  EXPECT_EQ(ProgressLine(0, 4, Micros{0}), "[--------------------] 0 of 4, 0:00 gone");
  EXPECT_EQ(ProgressLine(0, 0, Micros{0}), "[####################] 0 of 0, 0:00 gone");
}

TEST(Progress, EndsFull) {
  EXPECT_EQ(ProgressLine(4, 4, kMinute), "[####################] 4 of 4, 1:00 gone");
  EXPECT_EQ(ProgressLine(9, 4, kMinute), "[####################] 4 of 4, 1:00 gone");
  EXPECT_EQ(ProgressLine(1, 4, Micros{-5}), "[#####---------------] 1 of 4, 0:00 gone, about 0:00 left");
}

TEST(Progress, IsSilentWithoutATerminal) {
  std::FILE* file = std::tmpfile();
  ASSERT_NE(file, nullptr);
  {
    Progress progress(file, 2);
    progress.Step();
  }
  EXPECT_EQ(std::ftell(file), 0);
  std::fclose(file);
}

}  // namespace
}  // namespace tandem
