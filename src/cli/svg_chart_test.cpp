// Charts are well-formed whatever they are given: names, points, or none.
#include "cli/svg_chart.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace tandem {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

size_t Count(const std::string& text, const std::string& part) {
  size_t count = 0;
  for (size_t at = 0; (at = text.find(part, at)) != std::string::npos; at += part.size()) ++count;
  return count;
}

// Tags open and close in order and attributes are quoted; enough for what Svg writes.
bool WellFormed(const std::string& xml) {
  std::vector<std::string> open;
  for (size_t at = 0; (at = xml.find('<', at)) != std::string::npos;) {
    const size_t end = xml.find('>', at);
    if (end == std::string::npos) return false;
    const std::string tag = xml.substr(at + 1, end - at - 1);
    if (Count(tag, "\"") % 2 != 0 || tag.find('<') != std::string::npos) return false;
    if (tag.starts_with("/")) {
      if (open.empty() || open.back() != tag.substr(1)) return false;
      open.pop_back();
    } else if (!tag.ends_with("/")) {
      open.push_back(tag.substr(0, tag.find(' ')));
    }
    at = end;
  }
  return open.empty();
}

TEST(Svg, DrawsEverySeriesAndNamesIt) {
  const std::string svg = Svg({"ms a token",
                               "round trip, ms",
                               "ms",
                               {{"cloud", {{0, 50}, {200, 48}}}, {"auto", {{0, 30}, {200, 46}}}}});
  EXPECT_TRUE(WellFormed(svg)) << svg;
  EXPECT_EQ(Count(svg, "<polyline"), 2u);
  EXPECT_EQ(Count(svg, "<circle"), 4u);
  for (const char* text : {">ms a token<", ">round trip, ms<", ">cloud<", ">auto<", ">200<"})
    EXPECT_THAT(svg, HasSubstr(text));
}

TEST(Svg, PlacesPointsBetweenTheOuterTicks) {
  const std::string svg = Svg({"", "", "", {{"", {{0, 0}, {10, 100}}}}});
  EXPECT_THAT(svg, HasSubstr("points=\"70.0,384.0 590.0,44.0\""));
}

TEST(Svg, StandsWithoutPointsOrWithOne) {
  for (const Chart& chart :
       {Chart{}, Chart{"t", "x", "y", {{"none", {}}}}, Chart{"", "", "", {{"one", {{5, 7}}}}},
        Chart{"", "", "", {{"same", {{5, -7}, {5, -7}}}}}}) {
    const std::string svg = Svg(chart);
    EXPECT_TRUE(WellFormed(svg)) << svg;
    EXPECT_THAT(svg, Not(HasSubstr("nan")));
    EXPECT_THAT(svg, Not(HasSubstr("inf")));
  }
}

TEST(Svg, LeavesOutWhatCannotBeDrawn) {
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const std::string svg =
      Svg({"", "", "", {{"some", {{kNan, 1}, {1, kInfinity}, {1, 1e300}, {1, 2}, {-1e300, 2}}}}});
  EXPECT_EQ(Count(svg, "<circle"), 1u);
  EXPECT_THAT(svg, Not(HasSubstr("nan")));
}

TEST(Svg, EscapesWhatItIsGiven) {
  const std::string hostile = "</text><script>alert(\"1\" & '2')</script>\x01";
  const std::string svg = Svg({hostile, hostile, hostile, {{hostile, {{1, 1}}}}});
  EXPECT_TRUE(WellFormed(svg)) << svg;
  EXPECT_THAT(svg, Not(HasSubstr("<script>")));
  EXPECT_EQ(XmlEscaped("<a b='c' & \"d\">"), "&lt;a b=&#39;c&#39; &amp; &quot;d&quot;&gt;");
  EXPECT_EQ(XmlEscaped("a\x01\tb\n"), "a\xEF\xBF\xBD\tb\n");
}

TEST(Ticks, AreRoundAndCoverTheRange) {
  EXPECT_THAT(Ticks(0, 200, 5), ElementsAre(0, 50, 100, 150, 200));
  EXPECT_THAT(Ticks(0, 47, 5), ElementsAre(0, 10, 20, 30, 40, 50));
  EXPECT_THAT(Ticks(-3, 3, 3), ElementsAre(-4, -2, 0, 2, 4));
  EXPECT_THAT(Ticks(0, 0, 2), ElementsAre(0, 0.5, 1));
}

TEST(Ticks, StayFewAndOrderedForAnyRange) {
  for (const auto& [low, high] : std::vector<std::pair<double, double>>{
           {1e100, 1e100}, {-1e100, 1e100}, {1e18, 1e18 + 1}, {0, 1e-320}, {-1e-90, 0}, {0.1, 0.1000001}}) {
    const std::vector<double> ticks = Ticks(low, high, 6);
    ASSERT_GE(ticks.size(), 2u) << low;
    EXPECT_LE(ticks.size(), 14u) << low;
    EXPECT_LE(ticks.front(), low);
    EXPECT_GE(ticks.back(), high);
    for (size_t i = 1; i < ticks.size(); ++i) EXPECT_LT(ticks[i - 1], ticks[i]);
  }
}

}  // namespace
}  // namespace tandem
