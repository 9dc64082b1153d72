// Heat maps hold every name and figure, and colours that order as the figures do.
#include "cli/svg_heat_map.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

namespace tandem {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(SvgHeatMap, ColoursFollowTheFigures) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const std::string svg =
      Svg({"a <title>", "across", "down", {"0", "1"}, {"first", "second"}, {{1, 10}, {100, nan}}});
  EXPECT_TRUE(svg.starts_with("<svg "));
  EXPECT_TRUE(svg.ends_with("</svg>\n"));
  for (const char* part :
       {"a &lt;title&gt;", "across", "down", "first", "second", ">1<", ">10<", ">100<", ">-<"})
    EXPECT_THAT(svg, HasSubstr(part));
  EXPECT_THAT(svg, HasSubstr("#ffffff\"/>\n<text"));  // the smallest is white
  EXPECT_THAT(svg, HasSubstr("#d2878a"));             // half way on the logarithmic scale
  EXPECT_THAT(svg, HasSubstr("#a50f15"));             // the largest
  EXPECT_THAT(svg, HasSubstr("#eeeeee"));             // no figure
}

TEST(SvgHeatMap, StrangeFiguresAreShown) {
  const double inf = std::numeric_limits<double>::infinity();
  const std::string svg = Svg({"", "", "", {"a"}, {"b", "c", "d"}, {{-1}, {0}, {inf}}});
  EXPECT_THAT(svg, HasSubstr(">-1<"));
  EXPECT_THAT(svg, Not(HasSubstr("nan")));
  EXPECT_TRUE(Svg(HeatMap{}).ends_with("</svg>\n"));
}

}  // namespace
}  // namespace tandem
