// tandem model cut: parts as a user makes them, what the program tells of them, and what it refuses.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "testing/program.h"
#include "testing/scratch_files.h"

namespace tandem::testing {
namespace {

using Json = nlohmann::json;
using ::testing::HasSubstr;
namespace fs = std::filesystem;

const std::string kTarget = TANDEM_SOURCE_DIR "/models/demo-target-q8_0.gguf";

class ModelCut : public ScratchFiles {
 protected:
  static Json Object(const Ran& ran) {
    EXPECT_EQ(ran.code, 0) << ran.err;
    return Json::parse(ran.out, nullptr, false);
  }

  Ran Cut(const std::string& layers, const std::string& out = "part.gguf") const {
    return RunTandem({"model", "cut", kTarget, "--layers", layers, "-o", Path(out), "--json"});
  }

  void ExpectRefused(const std::string& layers, int code, const std::string& said) const {
    const Ran ran = Cut(layers, "refused.gguf");
    EXPECT_EQ(ran.code, code);
    EXPECT_THAT(ran.err, HasSubstr(said));
    EXPECT_FALSE(fs::exists(Path("refused.gguf")));
  }
};

TEST_F(ModelCut, WritesAPartAndShowTellsOfIt) {
  const Json cut = Object(Cut("0:2,5:6"));
  EXPECT_EQ(cut.at("stages"), Json::parse("[[0,3],[6,8]]"));
  EXPECT_LT(cut.at("bytes"), cut.at("whole_bytes"));
  EXPECT_LT(fs::file_size(Path("part.gguf")), fs::file_size(kTarget));

  const Json part = Object(RunTandem({"model", "show", Path("part.gguf"), "--json"}));
  const Json whole = Object(RunTandem({"model", "show", kTarget, "--json"}));
  EXPECT_EQ(part.at("part"), "the embedding and layers 0:2, layers 5:6 and the head");
  EXPECT_TRUE(whole.at("part").is_null());
  EXPECT_EQ(part.at("identity"), whole.at("identity"));
  EXPECT_EQ(part.at("identity"), cut.at("identity"));
  EXPECT_NE(part.at("sha256"), whole.at("sha256"));
  EXPECT_EQ(part.at("shape"), whole.at("shape"));
  EXPECT_EQ(part.at("vocabulary"), whole.at("vocabulary"));
}

TEST_F(ModelCut, RefusesRangesThatMakeNoSense) {
  ExpectRefused("2:2", 2, "layers 2:2 are no range of its 6");
  ExpectRefused("0:9", 2, "layers 0:9 are no range of its 6");
  ExpectRefused("0:3,2:6", 2, "layers 2:6 overlap");
  ExpectRefused("two", 2, "--layers is 'two'");
}

TEST_F(ModelCut, VerbsThatNeedTheWholeRefuseAPart) {
  Object(Cut("0:2"));
  const std::string part = Path("part.gguf"), holds = "it holds the embedding and layers 0:2";
  for (const std::vector<std::string>& words :
       std::vector<std::vector<std::string>>{{"run", "--model", part, "-p", "x", "--seed", "1"},
                                             {"cloud", "--model", part, "--listen", "127.0.0.1:0"},
                                             {"model", "cut", part, "--layers", "0:1", "-o", Path("o")},
                                             {"model", "pad", part, "--layers", "9", "-o", Path("o")},
                                             {"model", "random", "--like", part, "-o", Path("o")},
                                             {"bench", "engine", "--model", part}}) {
    const Ran ran = RunTandem(words);
    EXPECT_EQ(ran.code, 4) << words[0];
    EXPECT_THAT(ran.err, HasSubstr(holds)) << words[0];
  }
}

}  // namespace
}  // namespace tandem::testing
