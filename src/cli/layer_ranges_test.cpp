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

}  // namespace
}  // namespace tandem
