// TOML files: what they say, and what hostile ones cannot do.
#include "cli/config_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "testing/scratch_files.h"

namespace tandem {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class ConfigFiles : public testing::ScratchFiles {};

// "section/name=values@line", sorted.
std::vector<std::string> Told(std::string_view text) {
  const auto file = ParseConfig(text, "f");
  if (!file) return {file.error().message};
  std::vector<std::string> told;
  for (const FileSetting& s : file->settings)
    told.push_back(fmt::format("{}/{}={}@{}", s.section, s.name, fmt::join(s.values, "|"), s.line));
  std::sort(told.begin(), told.end());
  return told;
}

TEST(ParseConfig, FlattensTablesToText) {
  EXPECT_THAT(
      Told("temp = 0.7\nseed = 3\n[run]\ncloud = ['a', \"b\"]\njson = true\n[model.random]\nff=-1\n"),
      ElementsAre("/seed=3@2", "/temp=0.7@1", "model random/ff=-1@7", "run/cloud=a|b@4", "run/json=true@5"));
  EXPECT_TRUE(Told("").empty());
  EXPECT_THAT(Told("[run]\n"), ElementsAre("run/=@1"));
  EXPECT_TRUE(ParseConfig("a = 'x'", "f")->settings[0].quoted);
  EXPECT_FALSE(ParseConfig("a = 1", "f")->settings[0].quoted);
  EXPECT_FALSE(ParseConfig("a = ['x', 1]", "f")->settings[0].quoted);
}

TEST(ParseConfig, RefusalsSayWhere) {
  EXPECT_THAT(Told("\ntemp = \n"), ElementsAre(HasSubstr("f:2: no TOML")));
  EXPECT_THAT(Told("a = 1\na = 2"), ElementsAre(HasSubstr("f:2: no TOML")));
  EXPECT_THAT(Told("a = 1979-05-27"), ElementsAre("f:1: a is a value of a kind that no option takes"));
  EXPECT_THAT(Told("\na = []"), ElementsAre("f:2: a is an empty array"));
  EXPECT_THAT(Told("a = [[1]]"), ElementsAre("f:1: a is a value of a kind that no option takes"));
  EXPECT_THAT(Told("[a.b.c]\nd = 1"), ElementsAre("f:1: c is a table inside of a verb's"));
}

TEST(ParseConfig, HostileTextIsAnErrorAndNoCrash) {
  const auto repeated = [](std::string_view text, size_t count) {
    std::string all;
    for (size_t i = 0; i < count; ++i) all += text;
    return all;
  };
  const std::string nul("a = 1\0b = 2", 11);
  const std::vector<std::string> texts = {"a = " + repeated("[", 60'000),
                                          "a = " + repeated("{b=", 20'000),
                                          "[" + repeated("a.", 30'000) + "b]",
                                          repeated("[a.", 20'000),
                                          repeated("a.", 30'000) + "b = 1",
                                          nul,
                                          std::string("\0", 1),
                                          "[/a]",
                                          "a\xce\x8c = 1",
                                          "a = 1 \xc3\xbc",
                                          std::string("\xff\xfe\xff"),
                                          "a = \"\x01\"",
                                          "a = 999999999999999999999999",
                                          "\"" + repeated("a", 60'000),
                                          "a = '''" + repeated("\n", 60'000),
                                          std::string("a = \"\\uD800\"")};
  for (const std::string& text : texts) {
    const auto file = ParseConfig(text, "f");
    ASSERT_FALSE(file) << text.substr(0, 20);
    EXPECT_LT(file.error().message.size(), 300u);
    EXPECT_EQ(file.error().message.find('\0'), std::string::npos);
  }
  EXPECT_FALSE(ParseConfig(std::string(kMaxConfigBytes + 1, '\n'), "f"));
  EXPECT_TRUE(ParseConfig(std::string(kMaxConfigBytes, '\n'), "f"));
}

TEST_F(ConfigFiles, AreReadUpToTheirBound) {
  EXPECT_EQ(ReadConfigFile(Write("a.toml", "x = 1\n"))->settings.size(), 1u);
  EXPECT_TRUE(ReadConfigFile(Write("b.toml", ""))->settings.empty());
  for (const std::string& path :
       {Path("absent"), folder(), Write("large", std::string(1 << 20, '#')), std::string("/dev/zero")}) {
    const auto file = ReadConfigFile(path);
    ASSERT_FALSE(file) << path;
    EXPECT_EQ(file.error().code, ErrorCode::kFile);
    EXPECT_THAT(file.error().message, HasSubstr(path));
  }
}

}  // namespace
}  // namespace tandem
