// tandem leak as a user runs it: its report, and what it refuses.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "testing/program.h"
#include "testing/scratch_files.h"

namespace tandem::testing {
namespace {

using Json = nlohmann::json;
using ::testing::HasSubstr;
using Words = std::vector<std::string>;

class Leak : public ScratchFiles {
 protected:
  std::string Story() const {
    std::string text;
    for (int i = 0; i < 12; ++i)
      text += "Once upon a time there was a little red fox who lived in the green wood near a river. ";
    return Write("story.txt", text);
  }

  static Words Command(const std::string& file, Words more) {
    Words words = {"leak",
                   "--model",
                   "demo-draft-q8_0.gguf",
                   "-f",
                   file,
                   "--known",
                   "100",
                   "--count",
                   "2",
                   "--prompt-tokens",
                   "10",
                   "-n",
                   "4",
                   "--candidates",
                   "4",
                   "-t",
                   "1"};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }

  static void ExpectRefused(const Words& words, int code, const Words& said) {
    const Ran ran = RunTandem(words);
    EXPECT_EQ(ran.code, code) << ran.err;
    EXPECT_EQ(ran.out, "");
    for (const std::string& word : said) EXPECT_THAT(ran.err, HasSubstr(word));
  }
};

TEST_F(Leak, TellsWhatTheRowsOfACutGiveAway) {
  const std::string story = Story();
  const Ran ran = RunTandem(Command(story, {"--split", "0", "--codec", "f32", "--json"}));
  ASSERT_EQ(ran.code, 0) << ran.err;
  const Json report = Json::parse(ran.out);
  EXPECT_EQ(report.at("codec"), "f32");
  EXPECT_EQ(report.at("layers"), 3);
  EXPECT_EQ(report.at("dppl"), 0.0);
  EXPECT_EQ(report.at("prompt").at("tokens"), 22);  // with a begin token each
  EXPECT_EQ(report.at("generated").at("bytes"),
            report.at("generated").at("tokens").get<int>() * (1 + 4 * 288));
  for (const Json& reading : report.at("readings")) {
    if (reading.at("name") == "ridge probe" || reading.at("name") == "prediction") continue;
    EXPECT_EQ(reading.at("prompt").at("share"), 1.0) << reading;
    EXPECT_EQ(reading.at("prompt").at("of"), 20) << reading;
    EXPECT_EQ(reading.at("generated").at("share"), 1.0) << reading;
  }

  const Ran table = RunTandem(Command(story, {"--split", "1", "--codec", "int4/g32/rot"}));
  EXPECT_EQ(table.code, 0) << table.err;
  EXPECT_THAT(table.out, HasSubstr("1 of 3 layers below the cut, rows as int4/g32/rot"));
  EXPECT_THAT(table.out, HasSubstr("re-encoding, up to 4 candidates"));
  EXPECT_THAT(table.out, HasSubstr("A cloud that holds the head"));
}

TEST_F(Leak, RefusesWhatCannotBeMeasured) {
  const std::string story = Story();
  ExpectRefused(Command(story, {"--split", "4"}), 2, {"4 layers", "has 3"});
  ExpectRefused(Command(story, {"--split", "3"}), 2, {"above all 3 layers"});
  ExpectRefused(Command(story, {"--split", "1", "--codec", "int9"}), 2, {"int9"});
  ExpectRefused(Command(story, {"--split", "1", "--codec", "mix:int4:f32:0.5"}), 2, {"importance"});
  ExpectRefused(Command(story, {}), 2, {"--split"});
  ExpectRefused(Command(Write("short.txt", "Once upon a time"), {"--split", "1"}), 3, {"need 120"});
  ExpectRefused(Command(Write("empty.txt", ""), {"--split", "1"}), 3, {"empty.txt is empty"});
  ExpectRefused(Command(Path("absent.txt"), {"--split", "1"}), 3, {"absent.txt"});
  Words long_texts = Command(story, {"--split", "1"});
  long_texts[12] = "300";  // -n
  ExpectRefused(long_texts, 5, {"texts of 311 tokens exceed the context of 256"});
}

}  // namespace
}  // namespace tandem::testing
