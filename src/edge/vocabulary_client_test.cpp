// The shell that takes a vocabulary over, against a WebSocket cloud on loopback: over the link once, from the
// cache after that, and no patience for a cloud that says nothing.
#include "edge/vocabulary_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <mutex>

#include "testing/scratch_files.h"
#include "wire/frame_samples.h"
#include "wire/websocket.h"

namespace tandem {
namespace {

using ::testing::HasSubstr;

// Offers the demo target's vocabulary and counts the parts it handed over.
class OfferingCloud {
 public:
  explicit OfferingCloud(bool answers_wanted = true) : answers_wanted_(answers_wanted) {
    WsServerCallbacks callbacks{.on_open = [](ConnId, const std::string&) {},
                                .on_frame = [this](ConnId conn, Bytes bytes) { Answer(conn, bytes); },
                                .on_closed = [](ConnId, const Error&) {}};
    const std::lock_guard lock(mutex_);
    server_ = ListenWebSocket({.listen = "127.0.0.1:0"}, std::move(callbacks)).value();
  }
  ~OfferingCloud() { server_->Stop(); }

  VocabularySource Source(const std::string& cache) {
    VocabularySource source{.software = "thin", .cache_folder = cache};
    source.dial = [url = ParseWsUrl("ws://" + server_->address()).value()](ConnectionCallbacks callbacks) {
      return DialWebSocket(url, "", {}, std::move(callbacks));
    };
    return source;
  }
  int parts() {
    const std::lock_guard lock(mutex_);
    return parts_;
  }
  uint64_t Counted() {
    server_->Stop();
    return server_->counted().sent + server_->counted().received;
  }
  const VocabularyFile& file() const { return *file_; }

 private:
  void Answer(ConnId conn, const Bytes& bytes) {
    const std::lock_guard lock(mutex_);
    server_->Consumed(conn, 1);
    const Frame frame = Decode(bytes).value();
    if (std::holds_alternative<Hello>(frame)) {
      Welcome welcome = SampleWelcome();
      welcome.vocabulary = file_->offer();
      EXPECT_TRUE(server_->Send(conn, Encode(welcome)));
    } else if (const auto* wanted = std::get_if<VocabularyWanted>(&frame); wanted && answers_wanted_) {
      ++parts_;
      const auto from = file_->bytes.begin() + wanted->offset;
      const auto size = std::min<std::ptrdiff_t>(kMaxVocabularyPart, file_->bytes.end() - from);
      EXPECT_TRUE(server_->Send(
          conn, Encode(VocabularyPart{.offset = wanted->offset, .bytes = Bytes(from, from + size)})));
    }
  }

  const bool answers_wanted_;
  std::shared_ptr<const VocabularyFile> file_ =
      ExtractVocabulary(TANDEM_SOURCE_DIR "/models/demo-target-q8_0.gguf").value();
  std::mutex mutex_;
  int parts_ = 0;
  std::unique_ptr<WsServer> server_;
};

class VocabularyClient : public testing::ScratchFiles {};

TEST_F(VocabularyClient, TakesItOnceAndKeepsIt) {
  OfferingCloud cloud;
  const auto first = TakeVocabulary(cloud.Source(folder()));
  ASSERT_TRUE(first) << first.error().message;
  EXPECT_EQ(first->transferred, cloud.file().bytes.size());
  EXPECT_EQ(first->vocab->size(), 8192);
  EXPECT_EQ(first->model_name, "demo-target");
  const int parts = cloud.parts();
  EXPECT_GT(parts, 0);

  const auto second = TakeVocabulary(cloud.Source(folder()));
  ASSERT_TRUE(second) << second.error().message;
  EXPECT_EQ(second->transferred, 0u);
  EXPECT_EQ(cloud.parts(), parts);
  EXPECT_EQ(second->vocab->identity(), first->vocab->identity());
  EXPECT_LT(second->link_bytes, 1000u);
  EXPECT_EQ(cloud.Counted(), first->link_bytes + second->link_bytes);
}

TEST_F(VocabularyClient, ADamagedCacheIsMended) {
  OfferingCloud cloud;
  ASSERT_TRUE(TakeVocabulary(cloud.Source(folder())));
  for (const auto& entry : std::filesystem::directory_iterator(folder()))
    std::filesystem::resize_file(entry.path(), 100);
  EXPECT_GT(TakeVocabulary(cloud.Source(folder()))->transferred, 0u);
  EXPECT_EQ(TakeVocabulary(cloud.Source(folder()))->transferred, 0u);
}

TEST_F(VocabularyClient, WorksWithoutACache) {
  OfferingCloud cloud;
  for (const std::string cache : {"", "/dev/null/nowhere"}) {
    EXPECT_GT(TakeVocabulary(cloud.Source(cache))->transferred, 0u);
    EXPECT_GT(TakeVocabulary(cloud.Source(cache))->transferred, 0u);
  }
}

TEST_F(VocabularyClient, ACloudThatSaysNothing) {
  OfferingCloud cloud(false);
  VocabularySource source = cloud.Source("");
  source.patience = Micros{100'000};
  auto taken = TakeVocabulary(source);
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().code, ErrorCode::kNetwork);
  EXPECT_THAT(taken.error().message, HasSubstr("said nothing of its vocabulary for 0.1 s"));
  const std::atomic<bool> cancel{true};
  source.cancel = &cancel;
  taken = TakeVocabulary(source);
  ASSERT_FALSE(taken);
  EXPECT_THAT(taken.error().message, HasSubstr("interrupted"));
}

TEST_F(VocabularyClient, NobodyThere) {
  VocabularySource source{.software = "thin", .cache_folder = ""};
  source.dial = [](ConnectionCallbacks) { return Fail(ErrorCode::kNetwork, "cannot reach it"); };
  EXPECT_EQ(TakeVocabulary(source).error(), (Error{ErrorCode::kNetwork, "cannot reach it"}));
}

}  // namespace
}  // namespace tandem
