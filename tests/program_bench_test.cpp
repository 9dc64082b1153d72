// `tandem bench` as it is run. engine: the children that measure load time and memory are this program again.
#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>
#include <fstream>

#include <nlohmann/json.hpp>

#include "testing/program.h"
#include "testing/scratch_files.h"

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
    // The file alone is 5.9 MB, and nothing here needs two hundred, the address sanitizer's shadow included.
    EXPECT_GT(rows[0].at(side).get<double>(), 5.0);
    EXPECT_LT(rows[0].at(side).get<double>(), 200.0);
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

// The modes on the same texts, through the unpadded demo target.
class ProgramComparison : public ScratchFiles {
 protected:
  ProgramComparison() : cloud_({"--threads", "1"}) {}

  std::vector<std::string> Words(const std::vector<std::string>& more) const {
    std::vector<std::string> words{"bench", "--cloud", cloud_.url(), "--num-prompts", "2", "--rtt",
                                   "0,5",   "-n",      "8",          "--k",           "2"};
    for (const char* output : {"report", "json-out", "html", "svg"}) {
      words.push_back(std::string("--") + output);
      words.push_back(Path(output));
    }
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
  std::string Content(const std::string& name) const {
    std::ifstream file(Path(name));
    return {std::istreambuf_iterator<char>(file), {}};
  }

  CloudProcess cloud_;
};

TEST_F(ProgramComparison, AllModesWriteTheSameAndTheReportsSaySo) {
  ASSERT_TRUE(cloud_.listening());
  const Ran ran =
      RunTandem(Words({"--iterations", "1", "--modes", "edge,cloud,sync,speculate,auto", "--json"}));
  ASSERT_EQ(ran.code, 0) << ran.err;
  EXPECT_EQ(ran.out, Content("json-out"));
  const auto json = nlohmann::json::parse(ran.out);
  EXPECT_EQ(json.at("complete"), true);
  EXPECT_EQ(json.at("identical"), true);
  EXPECT_EQ(json.at("plan").at("prompts"), 2);
  const auto& rows = json.at("rows");
  ASSERT_EQ(rows.size(), 10u);
  EXPECT_EQ(rows[2].at("mode"), "sync");
  EXPECT_EQ(rows[2].at("k"), 2);
  EXPECT_EQ(rows[9].at("rtt_ms"), 5.0);
  for (const auto& row : rows) {
    EXPECT_EQ(row.at("texts"), 2);
    EXPECT_GT(row.at("ms_per_token").get<double>(), 0);
    EXPECT_EQ(row.at("mode") == "edge", row.at("uplink_bytes_per_token") == 0.0) << row;
  }
  EXPECT_NE(Content("report").find("\nSPEEDUP ANALYSIS\n"), std::string::npos);
  EXPECT_NE(Content("html").find("<svg "), std::string::npos);
  EXPECT_TRUE(Content("svg").starts_with("<svg "));
}

TEST_F(ProgramComparison, AnInterruptedRunKeepsWhatItMeasured) {
  ASSERT_TRUE(cloud_.listening());
  RunningTandem bench(Words({"--iterations", "1000"}));
  bench.WaitForError("writing 16004 texts");
  const Ran ran = bench.Finish(SIGINT);
  EXPECT_EQ(ran.code, 130) << ran.err;
  EXPECT_EQ(nlohmann::json::parse(Content("json-out")).at("complete"), false);
  EXPECT_NE(Content("report").find("Complete: NO"), std::string::npos);
}

TEST_F(ProgramComparison, PromptsThatDoNotFitAreCounted) {
  ASSERT_TRUE(cloud_.listening());
  const std::string long_prompt(4000, 'a');
  const std::string prompts =
      Write("prompts.jsonl", "{\"prompt\": \"" + long_prompt + "\"}\n{\"turns\": [\"Once upon a time\"]}\n");
  const Ran ran = RunTandem(Words({"--prompts", prompts, "--iterations", "1", "--modes", "cloud", "--json"}));
  ASSERT_EQ(ran.code, 0) << ran.err;
  const auto plan = nlohmann::json::parse(ran.out).at("plan");
  EXPECT_EQ(plan.at("prompts"), 1);
  EXPECT_EQ(plan.at("skipped"), 1);
}

TEST_F(ProgramComparison, WhatCannotWorkIsRefusedBeforeMeasuring) {
  const auto refused = [this](const std::vector<std::string>& more, int code, const std::string& sentence) {
    const Ran ran = RunTandem(Words(more));
    EXPECT_EQ(ran.code, code) << ran.err;
    EXPECT_NE(ran.err.find(sentence), std::string::npos) << ran.err;
    EXPECT_EQ(ran.err.find("writing"), std::string::npos) << ran.err;
    EXPECT_FALSE(std::filesystem::exists(Path("report"))) << sentence;
  };
  refused({"--svg", Path("no/such/chart.svg")}, 3, "no/such/chart.svg");
  refused({"--modes", "auto"}, 2, "lacks cloud");
  refused({"--rtt", "5,x"}, 2, "'x'");
  refused({"--prompts", Write("bad.jsonl", "{}\n")}, 3, "bad.jsonl:1");
  refused({"-n", "300"}, 5, "none of 10 prompts");
}

}  // namespace
}  // namespace tandem::testing
