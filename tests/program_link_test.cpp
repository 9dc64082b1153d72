// The built program's bad link, its configuration file and variables, and its completion scripts.
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
using ::testing::StartsWith;

// `tandem link` to a cloud, on a free port.
class LinkProcess {
 public:
  LinkProcess(const CloudProcess& cloud, const Words& more) : process_(LinkWords(cloud, more)) {
    url_ = "ws://127.0.0.1:" + process_.WaitForError("listening on 127.0.0.1:");
  }
  const std::string& url() const { return url_; }
  Ran End() { return process_.Finish(SIGTERM); }

 private:
  static Words LinkWords(const CloudProcess& cloud, const Words& more) {
    Words words = {"link", "--listen", "127.0.0.1:0", "--to", "127.0.0.1:" + cloud.port(), "--json"};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }

  RunningTandem process_;
  std::string url_;
};

TEST(ProgramLink, ATextSurvivesABadLink) {
  CloudProcess cloud;
  const Ran direct = RunTandem(StoryRun({"--cloud", cloud.url()}));
  LinkProcess link(cloud, {"--rtt", "4ms", "--jitter", "2ms", "--rate", "10mbit/1mbit", "--loss", "2%",
                           "--cut-every", "60ms", "--cut-for", "30ms", "--seed", "5"});
  for (const char* mode : {"speculate", "cloud"}) {
    const Ran ran = RunTandem(StoryRun({"--mode", mode, "--cloud", link.url()}));
    EXPECT_EQ(ran.code, 0) << ran.err;
    EXPECT_EQ(ran.out, direct.out);
  }
  const Ran ended = link.End();
  EXPECT_EQ(ended.code, 0) << ended.err;
  const Json report = Json::parse(ended.out);
  EXPECT_EQ(report.at("seed"), 5);
  EXPECT_EQ(report.at("to"), "127.0.0.1:" + cloud.port());
  const Json& totals = report.at("totals");
  EXPECT_EQ(totals.at("connections"), 2);
  EXPECT_EQ(totals.at("refused"), 0);
  EXPECT_GT(totals.at("up_bytes").get<int>(), 100);
  EXPECT_GT(totals.at("down_bytes").get<int>(), 100);
  EXPECT_GT(totals.at("cuts").get<int>(), 0);
  EXPECT_GE(totals.at("stalls").get<int>(), 0);
}

TEST(ProgramLink, DroppedConnectionsAreTakenUpAgain) {
  CloudProcess cloud;
  const auto over = [&](const std::string& url, const Words& more) {
    Words all = {"-n", "128", "--cloud", url};
    all.insert(all.end(), more.begin(), more.end());
    return RunTandem(StoryRun(all));
  };
  const Ran direct = over(cloud.url(), {});
  // The text takes 0.6 s on that line and a session 0.15 s, so it meets a cut, and gets on between two.
  LinkProcess link(
      cloud, {"--rate", "20kbit/1mbit", "--cut-every", "500ms", "--cut-for", "20ms", "--cut-mode", "drop"});
  Ran ran;
  for (int attempt = 0; attempt < 20 && ran.code != 0;
       ++attempt)  // a first dial that meets a cut ends the run
    ran = over(link.url(), {"--json"});
  ASSERT_EQ(ran.code, 0) << ran.err;
  const Json report = Json::parse(ran.out);
  EXPECT_EQ(report.at("text"), direct.out);
  EXPECT_GE(report.at("stats").at("reconnects").get<int>(), 1);
}

TEST(ProgramReplicas, TheNextCloudTakesOver) {
  auto first = std::make_unique<CloudProcess>();
  CloudProcess second;
  // A round trip for every token or two: the cloud is killed in the middle.
  const Words both = {"--cloud", first->url(), "--cloud", second.url(), "--mode", "sync", "--draft", "1"};
  const Ran whole = RunTandem(StoryRun(both));
  ASSERT_EQ(whole.code, 0) << whole.err;
  Words slowly = both;
  slowly.insert(slowly.end(), {"--rtt", "40ms"});
  RunningTandem running(StoryRun(slowly));
  ASSERT_TRUE(running.WaitForText());
  first.reset();  // SIGKILL
  const Ran ran = running.Finish();
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_EQ(ran.out, whole.out);
  // Gone from the start: the other is dialled.
  EXPECT_EQ(RunTandem(StoryRun(both)).out, whole.out);
}

TEST(ProgramReplicas, ABusyCloudIsLeftForTheNext) {
  CloudProcess full({"--max-sessions", "1"}), free;
  RunningTandem present(
      StoryRun({"--cloud", full.url(), "--mode", "sync", "--rtt", "200ms", "--draft", "1", "-n", "128"}));
  ASSERT_TRUE(present.WaitForText());
  const Ran ran = RunTandem(StoryRun({"--cloud", full.url(), "--cloud", free.url()}));
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_EQ(ran.out, RunTandem(StoryRun({"--cloud", free.url()})).out);
  EXPECT_EQ(RunTandem(StoryRun({"--cloud", full.url(), "--cloud", full.url()})).code, 7);
  EXPECT_EQ(present.Finish(SIGINT).code, 130);
}

TEST(ProgramLink, RunShapesItsOwnLinkWithJitterAndLoss) {
  CloudProcess cloud;
  const Ran plain = RunTandem(StoryRun({"--cloud", cloud.url()}));
  const Ran bad = RunTandem(StoryRun({"--cloud", cloud.url(), "--jitter", "3ms", "--loss", "2%"}));
  EXPECT_EQ(bad.code, 0) << bad.err;
  EXPECT_EQ(bad.out, plain.out);
}

TEST(ProgramLink, Refusals) {
  const Words link = {"link", "--listen", "127.0.0.1:0", "--to", "127.0.0.1:9"};
  const auto refused = [&](const Words& more, const std::string& said, int code = 2) {
    Words words = link;
    words.insert(words.end(), more.begin(), more.end());
    const Ran ran = RunTandem(words);
    EXPECT_EQ(ran.code, code) << ran.err;
    EXPECT_THAT(ran.err, HasSubstr(said));
  };
  refused({"--loss", "51%"}, "--loss is '51%'");
  refused({"--loss", "0.01"}, "--loss is '0.01'");
  refused({"--cut-every", "5s"}, "--cut-for");
  refused({"--cut-every", "5s", "--cut-for", "5s"}, "nothing would pass");
  refused({"--cut-mode", "hard"}, "stall, drop");
  refused({"--to", "nowhere"}, "nowhere");
  refused({"--to", "no-such-host.invalid:1"}, "no-such-host.invalid:1", 6);
  EXPECT_EQ(RunTandem({"link", "--listen", "127.0.0.1:0"}).code, 2);
}

class ProgramSettings : public ScratchFiles {};

TEST_F(ProgramSettings, FlagBeforeVariableBeforeFile) {
  Words run = {"run", "-p", kStory, "-n", "8", "--threads", "1", "--model", "demo-draft-q8_0.gguf", "--json"};
  run.insert(run.end(), {"--config", Write("tandem.toml", "[run]\nseed = 5\ntemp = 0\n")});
  const auto seed = [](const Ran& ran) { return Json::parse(ran.out).at("seed").get<int>(); };
  EXPECT_EQ(seed(RunTandem(run)), 5);
  EXPECT_EQ(seed(RunTandem(run, {"TANDEM_SEED=6"})), 6);
  run.insert(run.end(), {"--seed", "7"});
  EXPECT_EQ(seed(RunTandem(run, {"TANDEM_SEED=6"})), 7);
}

TEST_F(ProgramSettings, TheUsersOwnFileIsFound) {
  std::filesystem::create_directories(Path("tandem"));
  const std::string path = Write("tandem/config.toml", "\ntmep = 1\n");
  const Ran ran = RunTandem(StoryRun({}), {"XDG_CONFIG_HOME=" + folder()});
  EXPECT_EQ(ran.code, 2);
  EXPECT_THAT(ran.err, HasSubstr(path + ":2: no option is called 'tmep'; did you mean temp?"));
  EXPECT_EQ(RunTandem({"version"}, {"XDG_CONFIG_HOME=" + folder()}).code, 0);
}

TEST_F(ProgramSettings, ErrorsOfAVariableAreAsJsonWhenAVariableAsksForIt) {
  const Ran ran = RunTandem(StoryRun({}), {"TANDEM_JSON=1", "TANDEM_TEMP=-1"});
  EXPECT_EQ(ran.code, 2);
  EXPECT_EQ(Json::parse(ran.out).at("error").at("message"),
            "TANDEM_TEMP is '-1' but must be a number, 0 to 100");
}

TEST_F(ProgramSettings, HostileFilesAreRefused) {
  for (const std::string& text :
       {std::string(1 << 20, '['), "a = " + std::string(60'000, '['), std::string("a\0b", 3)}) {
    const Ran ran = RunTandem(StoryRun({"--config", Write("hostile.toml", text)}));
    EXPECT_EQ(ran.code, 3) << ran.err;
    EXPECT_THAT(ran.err, HasSubstr("hostile.toml"));
  }
}

TEST(ProgramCompletion, PrintsAScriptForEachShell) {
  EXPECT_THAT(RunTandem({"completion", "bash"}).out, HasSubstr("complete -o bashdefault"));
  EXPECT_THAT(RunTandem({"completion", "zsh"}).out, StartsWith("#compdef tandem"));
  EXPECT_THAT(RunTandem({"completion", "fish"}).out, HasSubstr("complete -c tandem"));
  const Ran other = RunTandem({"completion", "tcsh"});
  EXPECT_EQ(other.code, 2);
  EXPECT_THAT(other.err, HasSubstr("tcsh"));
}

}  // namespace
}  // namespace tandem::testing
