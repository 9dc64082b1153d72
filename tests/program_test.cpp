// The built program from end to end: texts on stdout, equal bytes from both modes, and one sentence and an
// exit code for everything that can go wrong at the door.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "testing/program.h"
#include "testing/scratch_files.h"

namespace tandem::testing {
namespace {

using Words = std::vector<std::string>;
using Json = nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;

// ---- What is written ----

TEST(Program, EdgeWritesTheSameTextForTheSameSeed) {
  Ran first = RunTandem(StoryRun({}));
  EXPECT_EQ(first.code, 0) << first.err;
  EXPECT_GT(first.out.size(), 50u);
  EXPECT_THAT(first.out, Not(HasSubstr(kStory)));  // the continuation only
  EXPECT_EQ(RunTandem(StoryRun({"--threads", "2"})).out, first.out);
  EXPECT_NE(RunTandem(StoryRun({"--seed", "2"})).out, first.out);
}

TEST(Program, EdgeNeverConnects) {
  Ran ran = RunTandem(StoryRun({"--mode", "edge", "--cloud", "ws://127.0.0.1:9", "--retry-for", "0"}));
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_EQ(ran.out, RunTandem(StoryRun({})).out);
}

TEST(Program, CloudAndSpeculateWriteTheSameBytes) {
  CloudProcess cloud;
  ASSERT_TRUE(cloud.listening());
  for (const char* temperature : {"0", "0.8"}) {
    for (const char* seed : {"3", "4"}) {
      Words same = {"--cloud", cloud.url(), "--temp", temperature, "--seed", seed};
      auto with = [&](Words more) {
        more.insert(more.end(), same.begin(), same.end());
        return RunTandem(StoryRun(more));
      };
      Ran streamed = with({"--mode", "cloud"});
      ASSERT_EQ(streamed.code, 0) << streamed.err;
      EXPECT_GT(streamed.out.size(), 50u);
      for (const char* k : {"1", "3", "8"}) {
        Ran drafted = with({"--draft", k});
        EXPECT_EQ(drafted.code, 0) << drafted.err;
        EXPECT_EQ(drafted.out, streamed.out)
            << "k " << k << " seed " << seed << " temperature " << temperature;
      }
    }
  }
}

TEST(Program, ReportAddsUp) {
  CloudProcess cloud;
  for (const char* mode : {"edge", "cloud", "speculate"}) {
    Ran ran = RunTandem(StoryRun({"--mode", mode, "--cloud", cloud.url(), "--json"}));
    ASSERT_EQ(ran.code, 0) << ran.err;
    Json report = Json::parse(ran.out);
    const Json& stats = report.at("stats");
    auto count = [&](const char* name) { return stats.at(name).get<uint64_t>(); };
    EXPECT_EQ(report.at("mode"), mode);
    EXPECT_EQ(report.at("seed"), 1);
    EXPECT_EQ(report.at("prompt"), kStory);
    EXPECT_EQ(report.at("tokens").size(), count("generated"));
    EXPECT_LE(count("generated"), 48u);
    EXPECT_EQ(report.at("finish"), count("generated") == 48 ? "length" : "stop");
    EXPECT_LE(count("accepted"), count("verified"));
    EXPECT_LE(count("verified") + count("stale"), count("sent"));
    EXPECT_LE(count("sent"), count("drafted"));
    EXPECT_LE(stats.at("first_token_ms"), stats.at("total_ms"));
    EXPECT_GT(stats.at("peak_rss_mb").get<double>(), 1.0);
    bool linked = std::string(mode) != "edge";
    EXPECT_EQ(linked, count("setup_bytes") > 0);
    EXPECT_EQ(linked, count("downlink_bytes") > 0);
    EXPECT_EQ(std::string(mode) == "speculate", count("verified") > 0);
    EXPECT_EQ(RunTandem(StoryRun({"--mode", mode, "--cloud", cloud.url()})).out,
              report.at("text").get<std::string>());
  }
}

TEST(Program, UplinkStaysBelowSixteenBytesAToken) {
  CloudProcess cloud;
  for (const char* mode : {"sync", "speculate", "auto"}) {
    for (const char* k : {"4", "6", "8"}) {
      Ran ran =
          RunTandem(StoryRun({"--cloud", cloud.url(), "--mode", mode, "--draft", k, "-n", "128", "--json"}));
      ASSERT_EQ(ran.code, 0) << ran.err;
      Json stats = Json::parse(ran.out).at("stats");
      double per_token = stats.at("uplink_bytes").get<double>() / stats.at("generated").get<double>();
      EXPECT_LE(per_token, 16.0) << mode << ", k " << k;
      // A cloud whose steps cost less than drafts streams ahead of them; only sync waits.
      EXPECT_GT(per_token, std::string(mode) == "sync" ? 1.0 : 0.0) << mode << ", k " << k;
    }
  }
}

TEST(Program, ShapedLinkTakesItsRoundTrip) {
  CloudProcess cloud;
  // Each verdict of mode sync answers a frame; in the other modes so short a text may come without one that
  // does.
  Ran ran = RunTandem(StoryRun(
      {"--cloud", cloud.url(), "--mode", "sync", "-n", "8", "--rtt", "30ms", "--rate", "10mbit", "--json"}));
  ASSERT_EQ(ran.code, 0) << ran.err;
  EXPECT_GE(Json::parse(ran.out).at("stats").at("network_ms").get<double>(), 30.0);
}

TEST(Program, ColorsTokensOnlyWhenAsked) {
  EXPECT_THAT(RunTandem(StoryRun({"-n", "4"})).out, Not(HasSubstr("\x1b[")));
  EXPECT_THAT(RunTandem(StoryRun({"-n", "4", "--color", "always"})).out, HasSubstr("\x1b["));
}

// ---- Signals ----

TEST(Program, InterruptEndsTheTextWithWhatIsThere) {
  CloudProcess cloud;
  RunningTandem running(
      StoryRun({"--cloud", cloud.url(), "--mode", "sync", "--rtt", "100ms", "--draft", "1", "-n", "128"}));
  ASSERT_TRUE(running.WaitForText());
  Ran ran = running.Finish(SIGINT);
  EXPECT_EQ(ran.code, 130) << ran.err;
  Ran whole = RunTandem(StoryRun({"--cloud", cloud.url(), "--draft", "1", "-n", "128"}));
  EXPECT_TRUE(whole.out.starts_with(ran.out));
  EXPECT_LT(ran.out.size(), whole.out.size());
}

TEST(Program, InterruptEndsAWaitForALostCloud) {
  auto cloud = std::make_unique<CloudProcess>();
  RunningTandem running(
      StoryRun({"--cloud", cloud->url(), "--rtt", "100ms", "--draft", "1", "-n", "128", "--json"}));
  RunningTandem shown(StoryRun({"--cloud", cloud->url(), "--rtt", "100ms", "--draft", "1", "-n", "128"}));
  ASSERT_TRUE(shown.WaitForText());
  cloud.reset();  // SIGKILL
  Ran ran = shown.Finish(SIGINT);
  EXPECT_EQ(ran.code, 130) << ran.err;
  EXPECT_GT(ran.out.size(), 0u);
  Ran json = running.Finish(SIGINT);
  EXPECT_EQ(json.code, 130) << json.err;
  EXPECT_TRUE(Json::parse(json.out).is_object());
}

TEST(Program, LosingTheCloudForGoodEndsWithTheTextSoFar) {
  auto cloud = std::make_unique<CloudProcess>();
  RunningTandem running(StoryRun({"--cloud", cloud->url(), "--mode", "sync", "--rtt", "100ms", "--draft", "1",
                                  "-n", "128", "--retry-for", "1s"}));
  ASSERT_TRUE(running.WaitForText());
  cloud.reset();  // SIGKILL
  Ran ran = running.Finish();
  EXPECT_EQ(ran.code, 6) << ran.err;
  EXPECT_GT(ran.out.size(), 0u);
}

TEST(Program, TermDrainsTheCloud) {
  CloudProcess cloud({"--json"});
  // A round trip for each token or two: it is still writing when the others have been refused.
  RunningTandem present(
      StoryRun({"--cloud", cloud.url(), "--mode", "sync", "--draft", "1", "--rtt", "100ms"}));
  ASSERT_TRUE(present.WaitForText());
  cloud.process().Signal(SIGTERM);
  EXPECT_NE(cloud.process().WaitForError("finishing"), "");
  EXPECT_EQ(RunTandem(StoryRun({"--cloud", cloud.url()})).code, 7);
  Ran ran = present.Finish();
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_GT(ran.out.size(), 50u);
  Ran drained = cloud.process().Finish();
  EXPECT_EQ(drained.code, 0) << drained.err;
  Json report = Json::parse(drained.out);
  EXPECT_EQ(report.at("drained"), true);
  EXPECT_EQ(report.at("totals").at("sessions_opened"), 1);
}

TEST(Program, ASecondSignalEndsTheCloudAtOnce) {
  CloudProcess cloud;
  RunningTandem present(
      StoryRun({"--cloud", cloud.url(), "--mode", "sync", "--rtt", "200ms", "--draft", "1", "-n", "128"}));
  ASSERT_TRUE(present.WaitForText());
  cloud.process().Signal(SIGTERM);
  EXPECT_NE(cloud.process().WaitForError("finishing"), "");
  EXPECT_EQ(cloud.process().Finish(SIGTERM).code, 128 + SIGTERM);
}

// ---- The other verbs ----

// Minutes on a machine that has not made the padded target yet, else some seconds.
TEST(ProgramSlow, DemoWritesOneTextTwice) {
  Ran ran = RunTandem({"demo", "-n", "32", "--seed", "7", "--json"});
  ASSERT_EQ(ran.code, 0) << ran.err;
  Json demo = Json::parse(ran.out);
  EXPECT_EQ(demo.at("identical"), true);
  ASSERT_EQ(demo.at("modes").size(), 3u);
  EXPECT_EQ(demo.at("modes")[0].at("text"), demo.at("modes")[1].at("text"));
  EXPECT_GT(demo.at("modes")[0].at("text").get<std::string>().size(), 20u);
}

TEST(Program, ShowsAModel) {
  Ran ran = RunTandem({"model", "show", "demo-target-q8_0.gguf", "--json"});
  ASSERT_EQ(ran.code, 0) << ran.err;
  Json model = Json::parse(ran.out);
  EXPECT_EQ(model.at("architecture"), "llama");
  EXPECT_EQ(model.at("shape").at("layers"), 6);
  EXPECT_EQ(model.at("shape").at("width"), 288);
  EXPECT_EQ(model.at("vocabulary").at("size"), 8192);
  EXPECT_EQ(model.at("sha256"), "c6cd283e0d84408f24eab804b1ba9359d6a48b2ac8bfd050d61e98639f183faa");
  Ran people = RunTandem({"model", "show", "demo-target-q8_0.gguf"});
  EXPECT_THAT(people.out, HasSubstr("8192 ids"));
}

TEST_F(ScratchFiles, PaddingKeepsTheText) {
  std::string padded = Path("padded.gguf");
  Ran made =
      RunTandem({"model", "pad", "demo-draft-q8_0.gguf", "--layers", "5", "--ff", "1024", "-o", padded});
  ASSERT_EQ(made.code, 0) << made.err;
  EXPECT_EQ(RunTandem(StoryRun({"--model", padded})).out, RunTandem(StoryRun({})).out);
}

TEST(Program, TellsItsVersion) {
  EXPECT_THAT(RunTandem({"version"}).out, HasSubstr("tandem " TANDEM_VERSION));
  EXPECT_EQ(Json::parse(RunTandem({"version", "--json"}).out).at("version"), TANDEM_VERSION);
}

TEST(Program, SaysWhatItChose) {
  Ran ran = RunTandem({"run", "-p", kStory, "-n", "4"});
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_THAT(ran.err, HasSubstr("demo-draft-q8_0.gguf"));
  EXPECT_THAT(ran.err, HasSubstr("seed "));
}

}  // namespace
}  // namespace tandem::testing
