// Ranges of layers are read whole or refused whole.
#include "cli/layer_ranges.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tandem {
namespace {

TEST(LayerRanges, AreReadInTheOrderGiven) {
  EXPECT_EQ(ParseLayerRanges("0:2"), (std::vector<LayerRange>{{0, 2}}));
  EXPECT_EQ(ParseLayerRanges("10:12,0:2"), (std::vector<LayerRange>{{10, 12}, {0, 2}}));
}

TEST(LayerRanges, AnythingElseIsRefused) {
  for (const char* text : {"", "3", ":", "0:", ":2", "0:2,", ",0:2", "0:2:4", "-1:2", "0-2", "0:2;4:6",
                           "0x0:2", "0:99999999999", "0:99999999999999999999"}) {
    const auto ranges = ParseLayerRanges(text);
    ASSERT_FALSE(ranges) << text;
    EXPECT_EQ(ranges.error().code, ErrorCode::kUsage);
    EXPECT_THAT(ranges.error().message, testing::HasSubstr(fmt::format("'{}'", text)));
  }
}

TEST(Split, IsAPlaceOrLayers) {
  EXPECT_EQ(ParseSplit("3"), (LayersAway{3, std::nullopt}));
  EXPECT_EQ(ParseSplit("3:9"), (LayersAway{3, 9}));
  for (const char* text : {"", ":", "3:", ":9", "-1", "3-9", "3:9:12", "0:2,4:6", "99999999999"}) {
    const auto away = ParseSplit(text);
    ASSERT_FALSE(away) << text;
    EXPECT_EQ(away.error().code, ErrorCode::kUsage);
    EXPECT_THAT(away.error().message, testing::HasSubstr(fmt::format("'{}'", text)));
  }
}

TEST(Recut, IsTokensAndLayers) {
  const auto change = ParseRecut("40:2");
  ASSERT_TRUE(change);
  EXPECT_EQ(change->after, 40u);
  EXPECT_EQ(change->begin, 2);
  for (const char* text : {"", "40", "40:", ":2", "-1:2", "40:-2", "40:2:3", "40:2x", "40:99999999999"})
    EXPECT_FALSE(ParseRecut(text)) << text;
}

TEST(LayerRanges, CutsRise) {
  EXPECT_EQ(ParseCuts("0,1,6", 6), (std::vector<int>{0, 1, 6}));
  for (const char* text : {"", "7", "1,1", "3,1", "1,", "a", "-1"}) EXPECT_FALSE(ParseCuts(text, 6)) << text;
}

}  // namespace
}  // namespace tandem
