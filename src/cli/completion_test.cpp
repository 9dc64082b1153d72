// Completion scripts: whole, and bash's tried in bash.
#include "cli/completion.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>

#include "cli/options.h"
#include "testing/scratch_files.h"

namespace tandem {
namespace {

using ::testing::HasSubstr;

class Completion : public testing::ScratchFiles {
 protected:
  // stdout of a shell command, with its exit status behind.
  static std::string Shell(const std::string& command) {
    std::FILE* pipe = popen((command + " 2>&1").c_str(), "r");
    std::string out;
    char buffer[4096];
    for (size_t n = 0; (n = fread(buffer, 1, sizeof buffer, pipe)) > 0;) out.append(buffer, n);
    return out + "status " + std::to_string(pclose(pipe));
  }
  // What bash offers after these words; the last one is being typed.
  std::string Offered(const std::string& words) const {
    const std::string script = Path("tandem.bash");
    Write("tandem.bash", *CompletionScript("bash"));
    return Shell("cd " + folder() + " && bash -c '. " + script + "; COMP_WORDS=(" + words +
                 "); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _tandem; echo \"${COMPREPLY[*]}\"'");
  }
};

TEST(CompletionScript, NamesEveryVerbAndOption) {
  for (const char* shell : {"bash", "zsh", "fish"}) {
    const std::string script = *CompletionScript(shell);
    for (const Verb& verb : Verbs()) EXPECT_THAT(script, HasSubstr(std::string(verb.name))) << shell;
    for (const Option& option : Options()) EXPECT_THAT(script, HasSubstr(std::string(option.name))) << shell;
  }
  EXPECT_EQ(CompletionScript("tcsh").error().code, ErrorCode::kUsage);
}

TEST_F(Completion, ShellsReadTheirScripts) {
  for (const std::string shell : {"bash", "zsh", "fish"}) {
    if (Shell("command -v " + shell).find('/') == std::string::npos) continue;  // not installed here
    const std::string path = Write("script." + shell, *CompletionScript(shell));
    EXPECT_EQ(Shell(shell + " -n " + path), "status 0") << shell;
  }
}

TEST_F(Completion, BashOffersWhatFits) {
  EXPECT_EQ(Offered("tandem ru"), "run\nstatus 0");
  EXPECT_EQ(Offered("tandem model p"), "pad\nstatus 0");
  EXPECT_EQ(Offered("tandem run --mo"), "--mode --model\nstatus 0");
  EXPECT_EQ(Offered("tandem run --mode sp"), "speculate split\nstatus 0");
  EXPECT_EQ(Offered("tandem run --mode \"\""), "edge cloud auto speculate sync split\nstatus 0");
  EXPECT_EQ(Offered("tandem completion z"), "zsh\nstatus 0");
  EXPECT_EQ(Offered("tandem model pad --la"), "--layers\nstatus 0");
  EXPECT_EQ(Offered("tandem bench fi"), "figures\nstatus 0");
  EXPECT_EQ(Offered("tandem bench --iter"), "--iterations\nstatus 0");
  EXPECT_EQ(Offered("tandem bench --rtt 5 --iter"), "--iterations\nstatus 0");
  EXPECT_EQ(Offered("tandem bench engine --iter"), "\nstatus 0");
  EXPECT_EQ(Offered("tandem bench engine --ro"), "--rounds\nstatus 0");
  Write("some.gguf", "");
  EXPECT_EQ(Offered("tandem run -m so"), "some.gguf\nstatus 0");
  EXPECT_EQ(Offered("tandem model show so"), "some.gguf\nstatus 0");
  EXPECT_EQ(Offered("tandem run --seed s"), "\nstatus 0");
}

}  // namespace
}  // namespace tandem
