// `tandem bench` as it is run. engine: the children that measure load time and memory are this program again.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "testing/program.h"

namespace tandem::testing {
namespace {

TEST(ProgramBench, LoadAndMemoryComeFromChildren) {
  const Ran ran = RunTandem({"bench", "engine", "--model", "models/demo-draft-q8_0.gguf", "--rounds", "1",
                             "--metric", "peak_rss_mb", "--json"});
  ASSERT_EQ(ran.code, 0) << ran.err;
  const auto rows = nlohmann::json::parse(ran.out).at("rows");
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].at("metric"), "peak_rss_mb");
  for (const char* side : {"tandem", "llama"}) {
    // The file alone is 5.9 MB, and nothing here needs a hundred.
    EXPECT_GT(rows[0].at(side).get<double>(), 5.0);
    EXPECT_LT(rows[0].at(side).get<double>(), 100.0);
  }
}

TEST(ProgramBench, RulesAreATable) {
  const Ran ran = RunTandem({"bench", "rules", "--count", "1", "-n", "8", "--draft", "2", "--json"});
  ASSERT_EQ(ran.code, 0) << ran.err;
  const auto report = nlohmann::json::parse(ran.out);
  EXPECT_EQ(report.at("draft"), 2);
  EXPECT_EQ(report.at("prompts"), 1);
  const auto& rows = report.at("rows");
  ASSERT_EQ(rows.size(), 27u);
  EXPECT_EQ(rows[0].at("pair"), "demo");
  EXPECT_EQ(rows[1].at("rule"), "token");
  for (const auto& row : rows) {
    EXPECT_NEAR(row.at("tokens_per_round").get<double>(),
                row.at("tokens").get<double>() / row.at("rounds").get<double>(), 1e-3);
  }

  const Ran none = RunTandem({"bench", "rules", "--prompts", "/no/such.txt"});
  EXPECT_EQ(none.code, 3);
  EXPECT_NE(none.err.find("/no/such.txt"), std::string::npos) << none.err;
}

TEST(ProgramBench, CapacityHasEverySchemeForEveryLoad) {
  const Ran ran = RunTandem({"bench", "capacity", "--quick", "--clients", "1,3", "-n", "8", "--rounds", "1",
                             "--rtt", "5ms", "--json"});
  ASSERT_EQ(ran.code, 0) << ran.err;
  const auto report = nlohmann::json::parse(ran.out);
  EXPECT_GT(report.at("acceptance").get<double>(), 0.4);
  ASSERT_EQ(report.at("curves").size(), 2u) << "target, and draft on the server";
  ASSERT_EQ(report.at("rows").size(), (1 + report.at("rooflines").size()) * 2 * 3);
  for (const auto& row : report.at("rows")) {
    EXPECT_NE(row.at("how"), "live");
    EXPECT_GT(row.at("server_tokens_per_s").get<double>(), 0);
    // A server that idles between steps writes fewer tokens than its steps alone would allow.
    EXPECT_LE(row.at("server_tokens_per_s").get<double>() * row.at("server_ms_per_token").get<double>(),
              1001);
  }
}

TEST(ProgramBench, CapacityRefusesClientsThatAreNone) {
  for (const char* clients : {"0", "1,", "1,x", "257", ""}) {
    const Ran ran = RunTandem({"bench", "capacity", "--quick", "--clients", clients});
    EXPECT_EQ(ran.code, 2) << clients;
    EXPECT_NE(ran.err.find("1 to 256"), std::string::npos) << ran.err;
  }
}

}  // namespace
}  // namespace tandem::testing
