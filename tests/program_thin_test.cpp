// Mode cloud with nothing at hand: no model, no cache, and the text that a local vocabulary gives.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "testing/certificates.h"
#include "testing/program.h"
#include "testing/scratch_files.h"

namespace tandem::testing {
namespace {

namespace fs = std::filesystem;
using Words = std::vector<std::string>;
using Json = nlohmann::json;
using ::testing::HasSubstr;

// The program in an empty folder of its own, with an empty cache: no model can be found by name.
class Thin : public ScratchFiles {
 protected:
  Thin() {
    if (const char* before = std::getenv("XDG_CACHE_HOME")) cache_before_ = before;
    setenv("XDG_CACHE_HOME", folder().c_str(), 1);
  }
  ~Thin() override {
    if (cache_before_.empty()) {
      unsetenv("XDG_CACHE_HOME");
    } else {
      setenv("XDG_CACHE_HOME", cache_before_.c_str(), 1);
    }
  }
  Ran Write(const std::string& url, const Words& more = {}) {
    Words words = {"run", "-p", kStory, "-n", "48", "--seed", "1", "--mode", "cloud", "--cloud", url};
    words.insert(words.end(), more.begin(), more.end());
    return RunTandemIn(folder(), words);
  }

 private:
  std::string cache_before_;
};

TEST_F(Thin, WritesTheSameTextAndTransfersTheVocabularyOnce) {
  CloudProcess cloud;
  ASSERT_TRUE(cloud.listening());
  const Ran known = RunTandem(StoryRun({"--mode", "cloud", "--cloud", cloud.url()}));
  ASSERT_EQ(known.code, 0) << known.err;
  const Ran first = Write(cloud.url());
  EXPECT_EQ(first.code, 0) << first.err;
  EXPECT_EQ(first.out, known.out);
  EXPECT_THAT(first.err, HasSubstr("bytes, taken over"));
  const Ran second = Write(cloud.url());
  EXPECT_EQ(second.out, known.out);
  EXPECT_THAT(second.err, HasSubstr("known from before"));
}

TEST_F(Thin, TheTransferIsSetUpInTheReport) {
  CloudProcess cloud;
  const auto setup = [&](const Words& more) {
    const Ran ran = Write(cloud.url(), more);
    EXPECT_EQ(ran.code, 0) << ran.err;
    return Json::parse(ran.out).at("stats").at("setup_bytes").get<uint64_t>();
  };
  const uint64_t first = setup({"--json"}), second = setup({"--json"});
  EXPECT_GT(first, second + 100'000);
  EXPECT_LT(second, 3000u);
}

// N-grams of the text draft: no model anywhere at the edge, and the text is mode cloud's.
TEST_F(Thin, LooksDraftsUpInEveryModeAndWritesTheSameText) {
  CloudProcess cloud;
  ASSERT_TRUE(cloud.listening());
  const Ran known = Write(cloud.url(), {"-n", "120"});
  ASSERT_EQ(known.code, 0) << known.err;
  int accepted = 0;
  for (const char* mode : {"sync", "speculate", "auto"}) {
    const Ran ran = RunTandemIn(folder(), {"run", "-p", kStory, "-n", "120", "--seed", "1", "--mode", mode,
                                           "--drafter", "ngram", "--cloud", cloud.url(), "--json"});
    ASSERT_EQ(ran.code, 0) << mode << ran.err;
    const Json report = Json::parse(ran.out);
    EXPECT_EQ(report.at("text").get<std::string>(), known.out) << mode;
    EXPECT_GT(report.at("stats").at("drafted").get<int>(), 0) << mode;
    accepted += report.at("stats").at("accepted").get<int>();
  }
  EXPECT_GT(accepted, 0);
  const Ran alone = RunTandemIn(folder(), {"run", "-p", "x", "--drafter", "ngram", "--mode", "edge"});
  EXPECT_NE(alone.code, 0) << "somebody must write";
}

TEST_F(Thin, OverWss) {
  CertificateAuthority authority(folder());
  const CertificateFiles files = authority.Issue("cloud");
  CloudProcess cloud({"--cert", files.cert, "--key", files.key});
  const Ran ran = Write(cloud.url(), {"--ca", authority.ca_file()});
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_GT(ran.out.size(), 50u);
}

TEST_F(Thin, OnlyModeCloudNeedsNoModel) {
  const Ran ran = RunTandemIn(folder(), {"run", "-p", "x", "--model", "nowhere.gguf"});
  EXPECT_EQ(ran.code, 3);
  EXPECT_THAT(ran.err, HasSubstr("nowhere.gguf"));
}

TEST_F(Thin, NobodyThereIsSaidAsEver) {
  const Ran ran = Write("ws://127.0.0.1:9");
  EXPECT_EQ(ran.code, 6);
  EXPECT_THAT(ran.err, HasSubstr("cannot reach 127.0.0.1:9"));
}

}  // namespace
}  // namespace tandem::testing
