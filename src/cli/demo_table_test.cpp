// The demo says what happened: differing texts and losses included.
#include "cli/demo_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace tandem {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TextReport Report(Mode mode, std::string text, int64_t total_ms) {
  TextReport report;
  report.mode = mode;
  report.text = std::move(text);
  report.stats.generated = 10;
  report.stats.first_token = Micros{5'000};
  report.stats.finished = Micros{total_ms * 1000};
  if (mode == Mode::kSpeculate) {
    report.stats.verified = 8;
    report.stats.accepted = 6;
    report.bytes = {900, 60, 45};
  }
  return report;
}

DemoResult Result(const std::string& cloud, const std::string& speculate, int64_t speculate_ms) {
  DemoResult result;
  result.texts = {Report(Mode::kSpeculate, speculate, speculate_ms), Report(Mode::kCloud, cloud, 1000),
                  Report(Mode::kEdge, "other", 100)};
  return result;
}

TEST(DemoTable, EqualTextsAndAGain) {
  DemoResult result = Result("a fox", "a fox", 500);
  EXPECT_TRUE(result.Identical());
  EXPECT_THAT(DemoVerdict(result), ElementsAre("cloud and speculate wrote the same 5 bytes (compared)",
                                               "speculate wrote 2.00 times as fast as cloud"));
}

TEST(DemoTable, DifferenceAndLossAreSaid) {
  DemoResult result = Result("a fox ran", "a fog", 2000);
  EXPECT_FALSE(result.Identical());
  EXPECT_THAT(DemoVerdict(result), ElementsAre("cloud and speculate DIFFER from byte 4 on (9 and 5 bytes)",
                                               "speculate wrote 0.50 times as fast as cloud: a loss"));
}

TEST(DemoTable, AMissingOrFailedTextIsNotIdentical) {
  DemoResult result = Result("a fox", "a fox", 500);
  result.texts[0].error = Error{ErrorCode::kNetwork, "lost"};
  EXPECT_FALSE(result.Identical());
  result.texts.erase(result.texts.begin());
  EXPECT_FALSE(result.Identical());
  EXPECT_TRUE(DemoVerdict(result).empty());
}

TEST(DemoTable, RowsHoldTheFigures) {
  std::string table = DemoTable(Result("a", "a", 500));
  EXPECT_THAT(
      table,
      HasSubstr("speculate      20.0             5.0        75 %               6.0                 4.5"));
  EXPECT_THAT(
      table,
      HasSubstr("edge          100.0             5.0           -                 -                   -"));
}

TEST(DemoTable, JsonHoldsEveryMode) {
  nlohmann::ordered_json json = ToJson(Result("a", "a", 500));
  ASSERT_EQ(json.at("modes").size(), 3u);
  EXPECT_EQ(json.at("modes")[0].at("uplink_bytes_per_token"), 6.0);
  EXPECT_EQ(json.at("modes")[0].at("acceptance"), 0.75);
  EXPECT_EQ(json.at("identical"), true);
}

}  // namespace
}  // namespace tandem
