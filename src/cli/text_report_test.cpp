// Tests of text report.
#include "cli/text_report.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace tandem {
namespace {

TEST(TextReport, NetworkIsTheMedianOfWhatWasAnswered) {
  TextReport report;
  EXPECT_EQ(report.NetworkMs(), 0);
  report.stats.network = {Micros{9000}, Micros{1000}, Micros{2000}, Micros{4000}};
  EXPECT_EQ(report.NetworkMs(), 3);
}

TEST(TextReport, NothingWrittenDividesByNothing) {
  TextReport report;
  EXPECT_EQ(report.FirstTokenMs(), 0);
  EXPECT_EQ(report.TokensPerSecond(), 0);
  EXPECT_EQ(report.Acceptance(), 0);
}

TEST(TextReport, JsonHasEveryFieldOfTheDocs) {
  TextReport report;
  report.mode = Mode::kSpeculate;
  report.text = "half a \xC3";  // cut in a character
  report.tokens = {5, 6};
  report.finish = Finish::kError;
  report.error = Error{ErrorCode::kNetwork, "lost"};
  report.stats.network = {Micros{20'000}};
  report.bytes = {1, 2, 3};
  nlohmann::ordered_json json = ToJson(report);
  EXPECT_EQ(json.at("mode"), "speculate");
  EXPECT_EQ(json.at("tokens"), (std::vector<Token>{5, 6}));
  EXPECT_EQ(json.at("finish"), "error");
  EXPECT_EQ(json.at("error").at("code"), "network");
  const auto& stats = json.at("stats");
  for (const char* field : {"generated", "drafted", "sent", "verified", "accepted", "stale", "rounds",
                            "reconnects", "setup_bytes", "uplink_bytes", "downlink_bytes", "first_token_ms",
                            "total_ms", "edge_ms", "cloud_ms", "network_ms", "peak_rss_mb"}) {
    EXPECT_TRUE(stats.contains(field)) << field;
  }
  EXPECT_EQ(stats.at("setup_bytes"), 1);
  EXPECT_EQ(stats.at("uplink_bytes"), 2);
  EXPECT_EQ(stats.at("downlink_bytes"), 3);
  EXPECT_EQ(stats.at("network_ms"), 20.0);
  report.error.reset();
  EXPECT_FALSE(ToJson(report).contains("error"));
}

}  // namespace
}  // namespace tandem
