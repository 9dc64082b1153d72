// The conversation that hands a vocabulary over: the whole file in parts, and a cloud that lies at every
// step.
#include "edge/vocabulary_fetch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>

#include "wire/frame_samples.h"

namespace tandem {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

Bytes Pattern(size_t size) {
  Bytes bytes(size);
  for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<uint8_t>(i * 31 + i / 256);
  return bytes;
}

Welcome WelcomeWith(const Bytes& file) {
  Welcome welcome = SampleWelcome();
  welcome.vocabulary = VocabularyOffer{static_cast<uint32_t>(file.size()), Sha256().Update(file).Finish()};
  return welcome;
}

VocabularyPart PartOf(const Bytes& file, size_t offset) {
  const size_t end = std::min(file.size(), offset + kMaxVocabularyPart);
  return {.offset = static_cast<uint32_t>(offset),
          .bytes = Bytes(file.begin() + static_cast<long>(offset), file.begin() + static_cast<long>(end))};
}

uint32_t OffsetOf(const Bytes& wanted) {
  return std::get<VocabularyWanted>(Decode(wanted).value()).offset;
}

Error ErrorOf(const Status& status) {
  return status ? Error{ErrorCode::kInternal, "taken"} : status.error();
}

// A fetch that was welcomed with a file of so many bytes and has asked for its first parts.
struct Begun {
  explicit Begun(size_t size) : file(Pattern(size)) {
    EXPECT_TRUE(fetch.OnFrame(Encode(WelcomeWith(file))));
    wanted = fetch.Wanted();
  }
  Status Hear(const Frame& frame) { return fetch.OnFrame(Encode(frame)); }

  Bytes file;
  VocabularyFetch fetch;
  std::vector<Bytes> wanted;
};

TEST(VocabularyFetch, GreetsWithoutAVocabulary) {
  const Frame frame = Decode(VocabularyFetch::Hello("thin 1")).value();
  EXPECT_EQ(std::get<Hello>(frame), (Hello{.software = "thin 1", .has_vocab = false}));
}

TEST(VocabularyFetch, TakesFilesOfAllSizes) {
  for (const size_t size : {size_t{1}, kMaxVocabularyPart - 1, kMaxVocabularyPart, kMaxVocabularyPart + 1,
                            9 * kMaxVocabularyPart, 9 * kMaxVocabularyPart + 5}) {
    Begun begun(size);
    std::deque<Bytes> asked(begun.wanted.begin(), begun.wanted.end());
    size_t asks = 0;
    while (!asked.empty()) {
      ASSERT_LE(asked.size(), VocabularyFetch::kAhead);
      ASSERT_FALSE(begun.fetch.complete());
      ASSERT_TRUE(begun.Hear(PartOf(begun.file, OffsetOf(asked.front()))));
      asked.pop_front();
      for (Bytes& wanted : begun.fetch.Wanted()) asked.push_back(std::move(wanted));
      ++asks;
    }
    EXPECT_EQ(asks, (size + kMaxVocabularyPart - 1) / kMaxVocabularyPart);
    ASSERT_TRUE(begun.fetch.complete());
    EXPECT_EQ(begun.fetch.Take(), begun.file);
  }
}

TEST(VocabularyFetch, AsksForNothingUnasked) {
  VocabularyFetch fetch;
  EXPECT_THAT(fetch.Wanted(), SizeIs(0));
  const Bytes file = Pattern(100);
  ASSERT_TRUE(fetch.OnFrame(Encode(WelcomeWith(file))));
  EXPECT_EQ(fetch.offer(), *WelcomeWith(file).vocabulary);
  const Error error = ErrorOf(fetch.OnFrame(Encode(PartOf(file, 0))));  // nobody asked yet
  EXPECT_EQ(error.code, ErrorCode::kProtocol);
  EXPECT_THAT(error.message, HasSubstr("sent 100 bytes of its vocabulary from 0, 0 from 0 were due"));
}

TEST(VocabularyFetch, PartsOutOfTurnOrOfAnotherSize) {
  const size_t size = 2 * kMaxVocabularyPart + 10;
  const Bytes file = Pattern(size);
  const auto refused = [&](const VocabularyPart& part) {
    Begun begun(size);
    EXPECT_TRUE(begun.Hear(PartOf(file, 0)));
    return ErrorOf(begun.Hear(part)).code == ErrorCode::kProtocol;
  };
  EXPECT_TRUE(refused(PartOf(file, 0)));                       // again
  EXPECT_TRUE(refused(PartOf(file, 2 * kMaxVocabularyPart)));  // one left out
  VocabularyPart part = PartOf(file, kMaxVocabularyPart);
  EXPECT_FALSE(refused(part));
  part.bytes.pop_back();
  EXPECT_TRUE(refused(part));
  Begun last(10);
  EXPECT_EQ(ErrorOf(last.Hear(VocabularyPart{.bytes = Bytes(11)})).code, ErrorCode::kProtocol);
  Begun whole(10);
  ASSERT_TRUE(whole.Hear(PartOf(whole.file, 0)));
  EXPECT_FALSE(whole.Hear(PartOf(whole.file, 0)));  // more than the whole
}

TEST(VocabularyFetch, AnotherFileThanOffered) {
  Begun begun(1000);
  VocabularyPart part = PartOf(begun.file, 0);
  part.bytes[500] ^= 1;
  const Error error = ErrorOf(begun.Hear(part));
  EXPECT_EQ(error.code, ErrorCode::kProtocol);
  EXPECT_THAT(error.message, HasSubstr("digest"));
  EXPECT_FALSE(begun.fetch.complete());
}

TEST(VocabularyFetch, CloudsThatHandNothingOver) {
  VocabularyFetch fetch;
  Error error = ErrorOf(fetch.OnFrame(Encode(SampleWelcome())));
  EXPECT_EQ(error.code, ErrorCode::kModel);
  EXPECT_THAT(error.message, HasSubstr("hands over no vocabulary"));
  EXPECT_FALSE(fetch.welcome());

  Welcome other = WelcomeWith(Pattern(10));
  other.version = 9;
  error = ErrorOf(VocabularyFetch().OnFrame(Encode(other)));
  EXPECT_EQ(error.code, ErrorCode::kProtocol);
  EXPECT_THAT(error.message, HasSubstr("speaks protocol 9"));

  error = ErrorOf(VocabularyFetch().OnFrame(Encode(Fault{.code = ErrorCode::kBusy, .message = "full"})));
  EXPECT_EQ(error, (Error{ErrorCode::kBusy, "full"}));
}

TEST(VocabularyFetch, FramesThatHaveNoBusinessHere) {
  for (const Frame& frame :
       {Frame(Verdict{.token = 1}), Frame(Opened{}), Frame(VocabularyPart{.bytes = {1}})}) {
    EXPECT_THAT(ErrorOf(VocabularyFetch().OnFrame(Encode(frame))).message, HasSubstr("out of turn"));
  }
  Begun begun(10);
  EXPECT_THAT(ErrorOf(begun.Hear(WelcomeWith(begun.file))).message, HasSubstr("Welcome out of turn"));
  EXPECT_EQ(ErrorOf(begun.fetch.OnFrame(Bytes{99})).code, ErrorCode::kProtocol);
}

}  // namespace
}  // namespace tandem
