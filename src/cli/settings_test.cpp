// Flags before variables before the file before defaults; and what is refused, with its place.
#include "cli/settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "cli/arguments.h"
#include "testing/scratch_files.h"

namespace tandem {
namespace {

using ::testing::HasSubstr;
using Words = std::vector<std::string>;
using Variables = std::map<std::string, std::string>;

class Settings : public testing::ScratchFiles {
 protected:
  // The values of `words` with this file's text as the user's configuration.
  Result<Arguments> Parse(const Words& words, const std::string& file, const Variables& variables = {}) {
    auto line = ParseCommandLine(words, {variables, Write("config.toml", file)});
    if (!line) return Forward(line);
    return std::move(line->verb.at(0));
  }
  std::string Refused(const Words& words, const std::string& file, const Variables& variables = {}) {
    auto parsed = Parse(words, file, variables);
    return parsed ? "(accepted)" : parsed.error().message;
  }
  std::string At(int line) const { return fmt::format("{}:{}: ", Path("config.toml"), line); }
};

TEST_F(Settings, FlagsBeforeVariablesBeforeTheFile) {
  const std::string file = "temp = 0.1\n[run]\ntemp = 0.2\n[cloud]\nlisten = '127.0.0.1:1'\n";
  const Variables variables = {{"TANDEM_TEMP", "0.3"}};
  const Words run = {"run", "-p", "x"};
  EXPECT_EQ(Parse({"run", "-p", "x", "--temp", "0.4"}, file, variables)->Number("temp"), 0.4);
  EXPECT_EQ(Parse(run, file, variables)->Number("temp"), 0.3);
  EXPECT_EQ(Parse(run, file)->Number("temp"), 0.2);
  EXPECT_EQ(Parse({"demo"}, file)->Number("temp"), 0.1);
  EXPECT_EQ(Parse(run, "")->Number("temp"), 0.8);
  EXPECT_FALSE(Parse(run, "")->Given("temp"));
  EXPECT_TRUE(Parse(run, file)->Given("temp"));
  EXPECT_EQ(Parse({"cloud"}, file)->Text("listen"), "127.0.0.1:1");
}

TEST_F(Settings, EveryKindOfValue) {
  const auto run =
      Parse({"run"},
            "prompt = 'p'\npredict = 7\ntemp = 1\ntop-p = 0.5\nseed = \"random\"\n"
            "rtt = '20ms'\nrate = '10mbit/1mbit'\nloss = '1%'\njson = true\n[run]\nmode = 'edge'\n");
  ASSERT_TRUE(run) << run.error().message;
  EXPECT_EQ(run->Text("prompt"), "p");
  EXPECT_EQ(run->Integer("predict"), 7);
  EXPECT_EQ(run->Number("temp"), 1.0);
  EXPECT_EQ(run->Number("top-p"), 0.5);
  EXPECT_EQ(run->Text("seed"), "random");
  EXPECT_EQ(run->Duration("rtt"), Micros(20'000));
  EXPECT_EQ(run->Rate("rate").up_bps, 1e6);
  EXPECT_EQ(run->Loss("loss"), 0.01);
  EXPECT_TRUE(run->Switch("json"));
  EXPECT_EQ(run->Text("mode"), "edge");
}

TEST_F(Settings, RepeatedOptions) {
  const Words urls = {"ws://a:1", "ws://b:2"};
  EXPECT_EQ(Parse({"run", "-p", "x", "--cloud", urls[0], "--cloud", urls[1]}, "")->Texts("cloud"), urls);
  EXPECT_EQ(Parse({"run", "-p", "x"}, "cloud = ['ws://a:1', 'ws://b:2']")->Texts("cloud"), urls);
  EXPECT_EQ(Parse({"run", "-p", "x"}, "", {{"TANDEM_CLOUD", " ws://a:1  ws://b:2"}})->Texts("cloud"), urls);
  EXPECT_EQ(Parse({"run", "-p", "x", "--cloud", "ws://c:3"}, "cloud = 'ws://a:1'")->Texts("cloud"),
            Words{"ws://c:3"});  // replaced, not joined
  EXPECT_TRUE(Parse({"run", "-p", "x"}, "")->Texts("cloud").empty());
}

TEST_F(Settings, SwitchesGoBothWays) {
  const Words run = {"run", "-p", "x"};
  EXPECT_TRUE(Parse(run, "", {{"TANDEM_JSON", "1"}})->Switch("json"));
  EXPECT_FALSE(Parse(run, "json = true", {{"TANDEM_JSON", "false"}})->Switch("json"));
  EXPECT_FALSE(Parse(run, "json = true\n[run]\njson = false\n")->Switch("json"));
  EXPECT_EQ(Refused(run, "", {{"TANDEM_JSON", "maybe"}}), "TANDEM_JSON is 'maybe' but must be true or false");
}

TEST_F(Settings, RefusalsNameFileLineAndValue) {
  const Words run = {"run", "-p", "x"};
  EXPECT_EQ(Refused(run, "\ntemp = -1\n"), At(2) + "temp is '-1' but must be a number, 0 to 100");
  EXPECT_EQ(Refused(run, "tmep = 1\n"), At(1) + "no option is called 'tmep'; did you mean temp?");
  EXPECT_EQ(Refused(run, "[run]\nlisten = 'x'\n"), At(2) + "tandem run has no option 'listen'");
  EXPECT_THAT(Refused(run, "[rnu]\ntemp = 1\n"), HasSubstr("no verb is called 'rnu'; sections are run, "));
  EXPECT_THAT(Refused(run, "[rnu]\n"), HasSubstr("no verb is called 'rnu'"));
  EXPECT_EQ(Refused(run, "[cloud]\nmax-sessions = 0\n"),  // of another verb
            At(2) + "max-sessions is '0' but must be a whole number, 1 to 256");
  EXPECT_EQ(Refused(run, "model = true\n"), At(1) + "model must be a text in quotes");
  EXPECT_EQ(Refused(run, "temp = [1, 2]\n"), At(1) + "temp takes one value, not 2");
  EXPECT_EQ(Refused(run, "\"\" = 1\n"), At(1) + "no option is called ''");
  EXPECT_EQ(Refused(run, "[\"\"]\ntemp = 1\n"), At(1) + "[\"\"] is a section without a name");
  EXPECT_EQ(Refused(run, "m = 'x'\n"), At(1) + "no option is called 'm'");  // no shorthands
  EXPECT_THAT(Refused(run, "config = 'x'\n"), HasSubstr("no option is called 'config'"));
  EXPECT_EQ(Refused(run, "", {{"TANDEM_TOP_K", "-1"}}),
            "TANDEM_TOP_K is '-1' but must be a whole number, 0 to 2147483647");
  EXPECT_THAT(Refused(run, "temp = \n"), HasSubstr(At(1) + "no TOML"));
}

// An option of the top level belongs to the verbs that have it, and to each by its own range.
TEST_F(Settings, TheTopLevelIsForWhomItConcerns) {
  EXPECT_TRUE(Parse({"cloud"}, "temp = 1\n"));
  EXPECT_EQ(Parse({"run", "-p", "x"}, "predict = 1000\n")->Integer("predict"), 1000);
  EXPECT_THAT(Refused({"demo"}, "predict = 1000\n"), HasSubstr("predict is '1000' but must be"));
}

TEST_F(Settings, WhichFileIsRead) {
  const std::string other = Write("other.toml", "temp = 0.5\n");
  const auto temp = [&](const Words& more, const Variables& variables) {
    Words words = {"run", "-p", "x"};
    words.insert(words.end(), more.begin(), more.end());
    return Parse(words, "temp = 0.1\n", variables)->Number("temp");
  };
  EXPECT_EQ(temp({}, {}), 0.1);
  EXPECT_EQ(temp({"--config", other}, {}), 0.5);
  EXPECT_EQ(temp({}, {{"TANDEM_CONFIG", other}}), 0.5);
  EXPECT_EQ(temp({"--config", ""}, {{"TANDEM_CONFIG", other}}), 0.8);
  EXPECT_EQ(temp({}, {{"TANDEM_CONFIG", ""}}), 0.8);
  EXPECT_THAT(Refused({"run", "-p", "x", "--config", Path("absent")}, ""), HasSubstr(Path("absent")));
  EXPECT_TRUE(ParseCommandLine({"cloud"}, {{}, Path("absent")}));  // the user's own need not exist
  EXPECT_TRUE(Parse({"version"}, "no toml"));
}

TEST_F(Settings, OtherVariablesAreLeftAlone) {
  EXPECT_TRUE(Parse({"cloud"}, "", {{"TANDEM_PORT", "tcp://10.0.0.1:80"}, {"TANDEM_TEMP", ""}}));
  // What has a meaning of its own must never become an option's.
  for (const char* taken :
       {"TANDEM_MODELS", "TANDEM_LLAMA_DIR", "TANDEM_FIXTURES", "TANDEM_CACHE", "TANDEM_JOBS",
        "TANDEM_GGML_FLAGS", "TANDEM_CONVERSATION", "TANDEM_PORT", "TANDEM_SERVICE_HOST"}) {
    EXPECT_FALSE(SetsAnOption(taken)) << taken;
  }
  EXPECT_TRUE(SetsAnOption("TANDEM_TOP_K"));
  EXPECT_EQ(VariableOf("repeat-penalty"), "TANDEM_REPEAT_PENALTY");
}

TEST(OptionVariables, AreDistinct) {
  std::map<std::string, std::string_view> seen;
  for (const Option& option : Options()) {
    const auto [at, fresh] = seen.emplace(VariableOf(option.name), option.name);
    EXPECT_TRUE(fresh || at->second == option.name) << option.name;
  }
}

}  // namespace
}  // namespace tandem
