// The service hands its vocabulary to an edge that has none: in order, each part once, and never to others.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cloud/talk.h"

namespace tandem {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::shared_ptr<const VocabularyFile> FileOf(size_t size) {
  auto file = std::make_shared<VocabularyFile>();
  for (size_t i = 0; i < size; ++i) file->bytes.push_back(static_cast<uint8_t>(i * 7 + i / 256));
  file->digest = Sha256().Update(file->bytes).Finish();
  return file;
}

class VocabularyTalk : public ::testing::Test {
 protected:
  static constexpr size_t kBytes = 2 * kMaxVocabularyPart + 10;
  static ServiceConfig Config() {
    ServiceConfig config = TalkConfig();
    config.vocabulary = FileOf(kBytes);
    return config;
  }
  void GreetThin(ConnId conn) {
    talk_.Connect(conn);
    talk_.Say(conn, Hello{.software = "thin", .has_vocab = false});
  }
  void ExpectRefused(ConnId conn, const std::string& words) {
    const std::optional<Fault> fault = talk_.Next<Fault>(conn);
    ASSERT_TRUE(fault);
    EXPECT_EQ(fault->code, ErrorCode::kProtocol);
    EXPECT_THAT(fault->message, HasSubstr(words));
    EXPECT_TRUE(talk_.closed.contains(conn));
  }

  ServiceConfig config_ = Config();
  Talk talk_{{}, config_};
};

TEST_F(VocabularyTalk, OffersItToThoseWithoutOne) {
  GreetThin(1);
  EXPECT_EQ(talk_.Next<Welcome>(1)->vocabulary, config_.vocabulary->offer());
  talk_.Connect(2);
  talk_.Say(2, Hello{.software = "edge", .vocab = config_.vocab});
  EXPECT_EQ(talk_.Next<Welcome>(2)->vocabulary, std::nullopt);
}

TEST_F(VocabularyTalk, HandsOverTheWholeInParts) {
  GreetThin(1);
  ASSERT_TRUE(talk_.Next<Welcome>(1));
  Bytes file;
  while (file.size() < kBytes) {
    talk_.Say(1, VocabularyWanted{.offset = static_cast<uint32_t>(file.size())});
    const auto part = talk_.Next<VocabularyPart>(1);
    ASSERT_TRUE(part);
    EXPECT_EQ(part->offset, file.size());
    EXPECT_EQ(part->bytes.size(), std::min(kMaxVocabularyPart, kBytes - file.size()));
    file.insert(file.end(), part->bytes.begin(), part->bytes.end());
  }
  EXPECT_EQ(file, config_.vocabulary->bytes);
  EXPECT_THAT(talk_.closed, IsEmpty());
}

// Otherwise a connection could make the cloud send without end.
TEST_F(VocabularyTalk, EachPartOnceAndInOrder) {
  GreetThin(1);
  ASSERT_TRUE(talk_.Next<Welcome>(1));
  talk_.Say(1, VocabularyWanted{});
  ASSERT_TRUE(talk_.Next<VocabularyPart>(1));
  talk_.Say(1, VocabularyWanted{});
  ExpectRefused(1, "from byte 0, but 262144 of 524298 offered are sent");
  GreetThin(2);
  ASSERT_TRUE(talk_.Next<Welcome>(2));
  talk_.Say(2, VocabularyWanted{.offset = kMaxVocabularyPart});
  ExpectRefused(2, "from byte 262144, but 0 of");
}

TEST_F(VocabularyTalk, NotBeyondItsEndNorToThoseWhoHaveOne) {
  GreetThin(1);
  ASSERT_TRUE(talk_.Next<Welcome>(1));
  for (uint32_t offset = 0; offset < kBytes; offset += kMaxVocabularyPart) {
    talk_.Say(1, VocabularyWanted{.offset = offset});
    ASSERT_TRUE(talk_.Next<VocabularyPart>(1));
  }
  talk_.Say(1, VocabularyWanted{.offset = kBytes});
  ExpectRefused(1, "524298 of 524298");
  talk_.Greet(2);
  talk_.Say(2, VocabularyWanted{});
  ExpectRefused(2, "0 of 0 offered");
  talk_.Connect(3);
  talk_.Say(3, VocabularyWanted{});
  ExpectRefused(3, "before Hello");
}

TEST_F(VocabularyTalk, ASessionMayFollowOnTheSameConnection) {
  GreetThin(1);
  ASSERT_TRUE(talk_.Next<Welcome>(1));
  talk_.Say(1, VocabularyWanted{});
  ASSERT_TRUE(talk_.Next<VocabularyPart>(1));
  talk_.Say(1, PromptOpen(10, 5, 12));
  talk_.Run();
  EXPECT_TRUE(talk_.Next<Opened>(1));
  EXPECT_TRUE(talk_.Next<Verdict>(1));
}

TEST(VocabularyService, ACloudWithoutOneOffersNone) {
  Talk talk;
  talk.Connect(1);
  talk.Say(1, Hello{.software = "thin", .has_vocab = false});
  EXPECT_EQ(talk.Next<Welcome>(1)->vocabulary, std::nullopt);
  talk.Say(1, VocabularyWanted{});
  EXPECT_TRUE(talk.Next<Fault>(1));
}

}  // namespace
}  // namespace tandem
