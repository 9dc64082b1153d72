// Halves are timed on a real engine at every cut, the head alone and the embedding alone included; what
// cannot be timed is said.
#include "decode/half_times.h"

#include <gtest/gtest.h>

#include <array>

namespace tandem {
namespace {

const std::string kModel = TANDEM_SOURCE_DIR "/models/demo-draft-q8_0.gguf";
constexpr int kLayers = 3;

bool Never() {
  return false;
}

TEST(HalfTimes, EveryCutHasTimesOnBothSides) {
  const std::array cuts = {0, 1, kLayers};
  const auto edge = MeasureHalf({.model = kModel, .rounds = 2}, Half::kEdge, cuts, Never);
  ASSERT_TRUE(edge) << edge.error().message;
  const auto cloud = MeasureHalf({.model = kModel, .rounds = 2}, Half::kCloud, cuts, Never);
  ASSERT_TRUE(cloud) << cloud.error().message;
  for (size_t i = 0; i < cuts.size(); ++i) {
    EXPECT_GT((*edge)[i].row_us, 0);
    EXPECT_GT((*edge)[i].tail_us, 0);
    EXPECT_GT((*edge)[i].block_us, 0);
    EXPECT_GT((*cloud)[i].row_us, 0);
  }
  EXPECT_GT((*cloud)[0].block_us, 0);
  EXPECT_EQ((*cloud)[2].block_us, 0);  // the head alone: rows that are not judged never reach it
}

TEST(HalfTimes, RefusesCutsThatTheModelHasNot) {
  const std::array cuts = {kLayers + 1};
  const auto times = MeasureHalf({.model = kModel}, Half::kEdge, cuts, Never);
  ASSERT_FALSE(times);
  EXPECT_EQ(times.error().message, "a cut behind 4 layers of a model that has 3");
}

TEST(HalfTimes, StopsWhenAsked) {
  const std::array cuts = {1};
  EXPECT_FALSE(MeasureHalf({.model = kModel}, Half::kEdge, cuts, [] { return true; }));
}

}  // namespace
}  // namespace tandem
