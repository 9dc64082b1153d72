// The built program over wss://: the text it writes over ws://, and one sentence and an exit code for each
// way in which the two sides cannot trust each other.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>

#include "testing/certificates.h"
#include "testing/program.h"
#include "testing/scratch_files.h"

namespace tandem::testing {
namespace {

using Words = std::vector<std::string>;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class ProgramTls : public ScratchFiles {
 protected:
  static Words Show(const CertificateFiles& files) { return {"--cert", files.cert, "--key", files.key}; }
  static Ran Write(const std::string& url, Words more) {
    more.insert(more.end(), {"--cloud", url});
    return RunTandem(StoryRun(more));
  }
  static void ExpectRefusal(const Ran& ran, int code, const std::string& sentence) {
    EXPECT_EQ(ran.code, code) << ran.err;
    EXPECT_EQ(ran.out, "");
    EXPECT_EQ(std::count(ran.err.begin(), ran.err.end(), '\n'), 1) << ran.err;
    EXPECT_THAT(ran.err, HasSubstr(sentence));
  }
  // What an edge that trusts the authority says of a cloud with these files.
  void ExpectDistrust(const CertificateFiles& files, const std::string& sentence) {
    CloudProcess cloud(Show(files));
    ASSERT_TRUE(cloud.listening());
    ExpectRefusal(Write(cloud.url(), {"--ca", authority_.ca_file()}), 9, sentence);
  }

  CertificateAuthority authority_{folder()};
};

TEST_F(ProgramTls, WritesTheSameTextAsOverWs) {
  CloudProcess plain, secure(Show(authority_.Issue("cloud")));
  ASSERT_TRUE(plain.listening() && secure.listening());
  ASSERT_THAT(secure.url(), StartsWith("wss://127.0.0.1:"));
  for (const char* mode : {"cloud", "speculate"}) {
    const Ran over_ws = Write(plain.url(), {"--mode", mode});
    const Ran over_wss = Write(secure.url(), {"--mode", mode, "--ca", authority_.ca_file()});
    EXPECT_EQ(over_wss.code, 0) << over_wss.err;
    EXPECT_GT(over_wss.out.size(), 50u);
    EXPECT_EQ(over_wss.out, over_ws.out);
  }
}

TEST_F(ProgramTls, CertificatesThatAreNotToBeTrusted) {
  ExpectDistrust(authority_.Issue("old", {.begins = -7200, .ends = -3600}), "has expired");
  ExpectDistrust(authority_.Issue("other", {.names = "DNS:example.org"}), "made out to DNS:example.org");
  CertificateAuthority stranger(folder(), "stranger");
  ExpectDistrust(stranger.Issue("strange"), "stranger, whom nobody here vouches for");
}

TEST_F(ProgramTls, TheTwoSidesDisagreeOnTls) {
  CloudProcess plain, secure(Show(authority_.Issue("cloud")));
  ExpectRefusal(Write("ws" + secure.url().substr(3), {}), 8, "speaks wss:// only");
  ExpectRefusal(Write("wss" + plain.url().substr(2), {"--ca", authority_.ca_file()}), 8, "without TLS");
  ExpectRefusal(Write(plain.url(), {"--ca", authority_.ca_file()}), 2, "only wss:// has TLS");
}

TEST_F(ProgramTls, FilesThatMakeNoCloud) {
  const CertificateFiles cloud = authority_.Issue("cloud"), other = authority_.Issue("other");
  const auto start = [](const Words& more) {
    Words words = {"cloud", "--listen", "127.0.0.1:0", "--model", "demo-target-q8_0.gguf"};
    words.insert(words.end(), more.begin(), more.end());
    return RunTandem(words);
  };
  ExpectRefusal(start({"--cert", cloud.cert}), 2, "--key is missing");
  ExpectRefusal(start({"--key", cloud.key}), 2, "--cert is missing");
  ExpectRefusal(start(Show({Path("absent.pem"), cloud.key})), 3, "absent.pem");
  ExpectRefusal(start(Show({cloud.cert, other.key})), 3, "does not belong to the certificate");
  ExpectRefusal(Write("wss://127.0.0.1:9", {"--ca", Path("absent.pem")}), 3, "absent.pem");
}

TEST_F(ProgramTls, TellsWhenATokenTravelsInTheClear) {
  const std::string token = ScratchFiles::Write("token", "secret\n");
  const std::string mark = "in the clear";
  CloudProcess open({"--listen", "0.0.0.0:0", "--token-file", token});
  EXPECT_THAT(open.process().Finish(SIGTERM).err, HasSubstr(mark));
  Words secured = Show(authority_.Issue("cloud"));
  secured.insert(secured.end(), {"--listen", "0.0.0.0:0", "--token-file", token});
  CloudProcess hidden(secured);
  EXPECT_THAT(hidden.process().Finish(SIGTERM).err, Not(HasSubstr(mark)));
  EXPECT_THAT(Write("ws://no-such-host.invalid:9", {"--token-file", token}).err, HasSubstr(mark));
  EXPECT_THAT(Write("ws://127.0.0.1:9", {"--token-file", token}).err, Not(HasSubstr(mark)));
}

}  // namespace
}  // namespace tandem::testing
