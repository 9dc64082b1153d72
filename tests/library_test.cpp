// The library as its users see it (tandem/tandem.h alone): every mode against a real cloud in this process,
// what callbacks hear, how a text is ended, and one failure for each thing that can be wrong.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <tandem/tandem.h>

#include <filesystem>
#include <thread>

#include "testing/cloud_here.h"
#include "testing/scratch_files.h"

namespace tandem {
namespace {

using ::testing::Each;
using ::testing::HasSubstr;

const std::string kDraft = TANDEM_SOURCE_DIR "/models/demo-draft-q8_0.gguf";

class Library : public testing::ScratchFiles {
 protected:
  Library() { setenv("XDG_CACHE_HOME", folder().c_str(), 1); }  // vocabularies taken over are kept here

  static std::unique_ptr<Writer> MustOpen(const Writer::Options& options) {
    Writer::Failure why;
    auto writer = Writer::Open(options, why);
    EXPECT_TRUE(writer) << why.sentence;
    EXPECT_EQ(why.code, 0);
    return writer;
  }
  static Writer::Failure Refusal(const Writer::Options& options) {
    Writer::Failure why;
    EXPECT_EQ(Writer::Open(options, why), nullptr);
    return why;
  }
  static Writer::Request Story(int tokens = 40) {
    return {.prompt = "Once upon a time, there was a little bear", .max_tokens = tokens, .seed = 3};
  }

  // Everything that the callback heard, beside the text.
  struct Heard {
    std::string text;
    std::vector<int32_t> ids;
    std::vector<Writer::Author> authors;
    std::function<bool(const Writer::Token&)> Callback() {
      return [this](const Writer::Token& token) {
        text += token.text;
        ids.push_back(token.id);
        authors.push_back(token.author);
        return true;
      };
    }
  };
};

TEST_F(Library, TheModelHereAlone) {
  const auto writer = MustOpen({.model = kDraft, .threads = 1});
  Heard heard;
  const Writer::Text text = writer->Write(Story(), heard.Callback());
  EXPECT_EQ(text.ending, Writer::Ending::kLength);
  EXPECT_EQ(text.tokens.size(), 40u);
  EXPECT_GT(text.text.size(), 50u);
  EXPECT_EQ(heard.text, text.text);
  EXPECT_EQ(heard.ids, text.tokens);
  EXPECT_THAT(heard.authors, Each(Writer::Author::kEdge));
  EXPECT_EQ(text.statistics.generated, 40u);
  EXPECT_EQ(text.statistics.setup_bytes, 0u);
  EXPECT_LE(text.statistics.first_token_ms, text.statistics.total_ms);
  EXPECT_EQ(writer->Write(Story()).text, text.text);  // again, and without a callback
  Writer::Request other = Story();
  other.seed = 4;
  EXPECT_NE(writer->Write(other).text, text.text);
}

TEST_F(Library, CloudAndSpeculateWriteTheSameText) {
  testing::CloudHere cloud;
  const auto streaming = MustOpen({.mode = Writer::Mode::kCloud, .cloud = cloud.url()});  // no model at hand
  const auto drafting = MustOpen({.model = kDraft, .cloud = cloud.url(), .threads = 1});
  Heard streamed, drafted;
  const Writer::Text cloud_text = streaming->Write(Story(), streamed.Callback());
  const Writer::Text both_text = drafting->Write(Story(), drafted.Callback());
  EXPECT_EQ(cloud_text.failure.sentence, "");
  EXPECT_GT(cloud_text.text.size(), 50u);
  EXPECT_EQ(both_text.text, cloud_text.text);
  EXPECT_THAT(streamed.authors, Each(Writer::Author::kCloud));
  EXPECT_THAT(drafted.authors, ::testing::Contains(Writer::Author::kDraft));
  EXPECT_EQ(both_text.statistics.accepted,
            static_cast<uint64_t>(
                std::count(drafted.authors.begin(), drafted.authors.end(), Writer::Author::kDraft)));
  EXPECT_GT(cloud_text.statistics.downlink_bytes, 0u);
  EXPECT_LT(streaming->Write(Story()).statistics.setup_bytes, cloud_text.statistics.setup_bytes);
}

TEST_F(Library, ACallbackThatSaysNoEndsTheText) {
  const auto writer = MustOpen({.model = kDraft, .threads = 1});
  int left = 5;
  const Writer::Text text = writer->Write(Story(), [&](const Writer::Token&) { return --left > 0; });
  EXPECT_EQ(text.ending, Writer::Ending::kCancelled);
  EXPECT_EQ(text.tokens.size(), 5u);
  EXPECT_EQ(left, 0);
  EXPECT_EQ(writer->Write(Story()).tokens.size(), 40u);  // the next one is none the worse
}

TEST_F(Library, AnotherThreadEndsTheText) {
  const auto writer = MustOpen({.model = kDraft, .threads = 1});
  std::thread other;
  const Writer::Text text = writer->Write(Story(200), [&](const Writer::Token&) {
    if (!other.joinable()) other = std::thread([&] { writer->Cancel(); });
    std::this_thread::yield();
    return true;
  });
  other.join();
  EXPECT_TRUE(text.ending == Writer::Ending::kCancelled || text.tokens.size() == 200u);
  writer->Cancel();  // before it begins
  EXPECT_EQ(writer->Write(Story()).ending, Writer::Ending::kCancelled);
  EXPECT_EQ(writer->Write(Story()).tokens.size(), 40u);
}

TEST_F(Library, ACloudThatGoesAwayLeavesTheTextSoFar) {
  testing::CloudHere cloud;
  const auto writer = MustOpen({.model = kDraft, .cloud = cloud.url(), .threads = 1});
  Writer::Request request = Story(200);
  request.retry_seconds = 0.2;
  request.draft_length = 1;
  const Writer::Text text = writer->Write(request, [&](const Writer::Token&) {
    cloud.Stop();
    return true;
  });
  EXPECT_EQ(text.ending, Writer::Ending::kFailed);
  EXPECT_GT(text.tokens.size(), 0u);
  EXPECT_EQ(text.failure.name, text.failure.code == 6 ? "network" : "busy");
}

TEST_F(Library, AReplicaTakesOverAtOnce) {
  testing::CloudHere first, second;
  const auto writer =
      MustOpen({.model = kDraft, .cloud = first.url(), .replicas = {second.url()}, .threads = 1});
  const std::string whole = writer->Write(Story()).text;
  int left = 5;
  const Writer::Text text = writer->Write(Story(), [&](const Writer::Token&) {
    if (--left == 0) first.Stop();
    return true;
  });
  EXPECT_EQ(text.failure.sentence, "");
  EXPECT_EQ(text.text, whole);
  // The first is gone: the second hands its vocabulary over, and writes.
  const auto thin =
      MustOpen({.mode = Writer::Mode::kCloud, .cloud = first.url(), .replicas = {second.url()}});
  EXPECT_EQ(thin->Write(Story()).text, whole);
}

TEST_F(Library, OptionsThatMakeNoWriter) {
  EXPECT_EQ(Refusal({}).name, "usage");
  EXPECT_THAT(Refusal({}).sentence, HasSubstr("needs a model"));
  EXPECT_THAT(Refusal({.mode = Writer::Mode::kCloud}).sentence, HasSubstr("needs a cloud"));
  EXPECT_THAT(Refusal({.model = kDraft, .threads = -1}).sentence, HasSubstr("threads is -1, not 0 to 256"));
  EXPECT_EQ(Refusal({.model = kDraft, .cloud = "http://h"}).code, 2);
  EXPECT_EQ(Refusal({.model = Path("absent.gguf")}).code, 3);
  EXPECT_EQ(Refusal({.mode = Writer::Mode::kCloud, .cloud = "ws://127.0.0.1:9"}).code, 6);
  EXPECT_EQ(Refusal({.model = kDraft, .cloud = "wss://h", .ca_file = Path("absent.pem")}).code, 3);
}

TEST_F(Library, RequestsThatMakeNoText) {
  const auto writer = MustOpen({.model = kDraft, .threads = 1});
  const auto refusal = [&](auto change) {
    Writer::Request request = Story();
    change(request);
    const Writer::Text text = writer->Write(request);
    EXPECT_EQ(text.ending, Writer::Ending::kFailed);
    return text.failure;
  };
  EXPECT_THAT(refusal([](auto& r) { r.prompt.clear(); }).sentence, HasSubstr("prompt is empty"));
  EXPECT_EQ(refusal([](auto& r) { r.max_tokens = 0; }).code, 2);
  EXPECT_EQ(refusal([](auto& r) { r.temperature = -1; }).code, 2);
  EXPECT_EQ(refusal([](auto& r) { r.draft_length = 65; }).code, 2);
  EXPECT_EQ(refusal([](auto& r) { r.retry_seconds = -1; }).code, 2);
  EXPECT_EQ(refusal([](auto& r) { r.prompt = std::string(5000, 'x'); }).name, "context");
}

TEST_F(Library, KnowsItsVersion) {
  EXPECT_STREQ(Version(), TANDEM_VERSION);
}

}  // namespace
}  // namespace tandem
