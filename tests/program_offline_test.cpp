// `--offline`: the built program, and a cloud that is killed for good or was never there.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "testing/program.h"

namespace tandem::testing {
namespace {

using Json = nlohmann::json;
using Words = std::vector<std::string>;
using ::testing::HasSubstr;

constexpr const char* kTarget = "demo-target-q8_0.gguf";
constexpr const char* kNobody = "ws://127.0.0.1:1";

Words Offline(Words more) {
  more.insert(more.end(), {"--offline", "--retry-for", "500ms"});
  return StoryRun(more);
}

Json ReportOf(const Ran& ran) {
  EXPECT_EQ(ran.code, 0) << ran.err;
  return ran.code == 0 ? Json::parse(ran.out) : Json::object();
}

// One token a round trip at least, so the text is under way when the cloud dies.
TEST(ProgramOffline, AKilledCloudsTextGoesOnFromWhereItStood) {
  for (const Words& mode : {Words{"--mode", "sync"}, Words{"--mode", "split", "--split", "3", "--part",
                                                           kTarget, "--codec", "f32", "--draft", "2"}}) {
    CloudProcess cloud;
    Words words = mode;
    words.insert(words.end(), {"--cloud", cloud.url()});
    const Ran whole = RunTandem(StoryRun(words));
    words.insert(words.end(), {"--rtt", "250ms"});
    RunningTandem running(Offline(words));
    ASSERT_TRUE(running.WaitForText());
    cloud.process().Signal(SIGKILL);
    const Ran ran = running.Finish();
    EXPECT_EQ(ran.code, 0) << ran.err;
    EXPECT_THAT(ran.err, HasSubstr("on the text is the draft model's: the cloud stayed away for 0.5 s"));
    EXPECT_NE(ran.out, whole.out);
    const size_t common = static_cast<size_t>(
        std::mismatch(whole.out.begin(), whole.out.end(), ran.out.begin(), ran.out.end()).first -
        whole.out.begin());
    EXPECT_GT(common, 0u) << ran.out;
    EXPECT_GT(ran.out.size(), common + 20) << ran.out;
  }
}

TEST(ProgramOffline, WithoutACloudTheTextIsModeEdges) {
  const Json alone = ReportOf(RunTandem(StoryRun({"--mode", "edge", "--json"})));
  EXPECT_EQ(alone.at("stats").at("offline_tokens"), 0);
  const Json offline = ReportOf(RunTandem(Offline({"--cloud", kNobody, "--json"})));
  EXPECT_EQ(offline.at("text"), alone.at("text"));
  EXPECT_EQ(offline.at("finish"), alone.at("finish"));
  EXPECT_EQ(offline.at("stats").at("offline_tokens"), offline.at("stats").at("generated"));
  const Ran without = RunTandem(StoryRun({"--cloud", kNobody}));
  EXPECT_EQ(without.code, 6) << without.err;
}

TEST(ProgramOffline, AChatGoesOnTurnByTurn) {
  RunningTandem running({"chat", "-n", "8", "--threads", "1", "--model", "demo-draft-q8_0.gguf", "--template",
                         "chatml", "--seed", "1", "--cloud", kNobody, "--offline", "--json"},
                        {.typing = true});
  running.Type("Tell me of a bear.\nAnd then?\n");
  running.EndTyping();
  const Ran ran = running.Finish();
  EXPECT_EQ(ran.code, 0) << ran.err;
  std::istringstream lines(ran.out);
  int turns = 0;
  for (std::string line; std::getline(lines, line); ++turns)
    EXPECT_EQ(Json::parse(line).at("stats").at("offline_tokens"), 8) << line;
  EXPECT_EQ(turns, 2);
}

TEST(ProgramOffline, IsRefusedWhereNoModelDrafts) {
  const Words run = {"run", "-p", kStory, "--cloud", kNobody, "--offline"};
  const auto says = [&](const Words& more, const char* what) {
    Words words = run;
    words.insert(words.end(), more.begin(), more.end());
    const Ran ran = RunTandem(words);
    EXPECT_EQ(ran.code, 2) << ran.err;
    EXPECT_THAT(ran.err, HasSubstr(what));
  };
  says({"--mode", "cloud"}, "--offline needs a draft model to go on with, and mode cloud has none");
  says({"--drafter", "ngram"}, "mode auto with --drafter ngram has none");
  says({"--mode", "split", "--split", "3", "--part", kTarget}, "mode split without --model has none");
}

}  // namespace
}  // namespace tandem::testing
