// README.md's example of the library, as a stranger would use it: installed, found by find_package, compiled
// from the page's own words, and run against a cloud.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "testing/program.h"
#include "testing/scratch_files.h"

namespace tandem::testing {
namespace {

using ::testing::HasSubstr;

class Readme : public ScratchFiles {
 protected:
  // The first block of README.md that is fenced as `language`.
  static std::string Block(const std::string& language) {
    const std::string page = Read(TANDEM_SOURCE_DIR "/README.md"), fence = "```" + language + "\n";
    const size_t begin = page.find(fence);
    if (begin == std::string::npos) return "";
    const size_t text = begin + fence.size();
    return page.substr(text, page.find("```", text) - text);
  }
  // What the command prints, its errors too.
  std::string Shell(const std::string& command) {
    const std::string log = Path("log");
    code_ = std::system(("cd " TANDEM_SOURCE_DIR " && " + command + " > " + log + " 2>&1").c_str());
    return Read(log);
  }

  int code_ = -1;
};

TEST_F(Readme, ItsExampleOfTheLibraryCompilesAndWrites) {
  ASSERT_THAT(Block("cpp"), HasSubstr("tandem/tandem.h"));
  ASSERT_THAT(Block("cmake"), HasSubstr("find_package(tandem"));
  const std::string prefix = Path("prefix"), source = Path("consumer"), build = Path("build");
  const std::string installed = Shell("cmake --install " TANDEM_BUILD_DIR " --prefix " + prefix);
  ASSERT_EQ(code_, 0) << installed;
  std::filesystem::create_directory(source);
  Write("consumer/CMakeLists.txt", Block("cmake"));
  Write("consumer/story.cpp", Block("cpp"));
  const std::string configured =
      Shell("cmake -S " + source + " -B " + build + " -DCMAKE_PREFIX_PATH=" + prefix +
            " -DCMAKE_CXX_FLAGS='" TANDEM_CONSUMER_FLAGS "'");
  ASSERT_EQ(code_, 0) << configured;
  const std::string built = Shell("cmake --build " + build);
  ASSERT_EQ(code_, 0) << built;

  CloudProcess cloud;
  ASSERT_TRUE(cloud.listening());
  const std::string story = Shell(build + "/story " + cloud.url());
  EXPECT_EQ(code_, 0) << story;
  const Ran same =
      RunTandem({"run", "-p", "Once upon a time", "-n", "100", "--seed", "1", "--cloud", cloud.url()});
  EXPECT_EQ(same.code, 0) << same.err;
  EXPECT_GT(same.out.size(), 100u);
  EXPECT_THAT(story, ::testing::StartsWith(same.out));
  EXPECT_NE(Shell(build + "/story ws://127.0.0.1:9"), "");  // a sentence
  EXPECT_NE(code_, 0);
}

}  // namespace
}  // namespace tandem::testing
