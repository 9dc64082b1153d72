// The runner over a real WebSocket on the loopback, with a cloud that knows its text by heart.
#include "edge/runner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <mutex>

#include "decode/fake_engine.h"
#include "edge/scripted_cloud.h"
#include "wire/link_shape.h"
#include "wire/websocket.h"

namespace tandem {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

const std::vector<Token> kPrompt{5, 6, 7};
constexpr int kLength = 40;

std::vector<Token> Text() {
  std::vector<Token> text = kPrompt;
  for (Token i = 0; i < kLength; ++i) text.push_back(10 + i % 50);
  return text;
}

GenerationConfig Config(Mode mode) {
  GenerationConfig config;
  config.mode = mode;
  config.prompt = kPrompt;
  config.max_tokens = kLength;
  config.vocab = {.size = 64, .digest = Digest{7}};
  return config;
}

// Answers on the transport's thread. `hang_up_after`: Drafts answered before a connection is dropped, 0:
// never.
class LoopbackCloud {
 public:
  explicit LoopbackCloud(int hang_up_after = 0) : left_(hang_up_after) {
    WsServerCallbacks callbacks{.on_open = [](ConnId, const std::string&) {},
                                .on_frame = [this](ConnId conn, Bytes bytes) { Answer(conn, bytes); },
                                .on_closed = [](ConnId, const Error&) {}};
    const std::lock_guard lock(mutex_);
    server_ = ListenWebSocket({.listen = "127.0.0.1:0"}, std::move(callbacks)).value();
  }
  ~LoopbackCloud() { server_->Stop(); }

  Dialer Dial() {
    return [url = ParseWsUrl("ws://" + server_->address()).value()](ConnectionCallbacks callbacks) {
      return DialWebSocket(url, "", {}, std::move(callbacks));
    };
  }
  ByteCount Counted() {
    server_->Stop();
    return server_->counted();
  }
  // Of frames with a session open, WebSocket framing included.
  size_t uplink() {
    const std::lock_guard lock(mutex_);
    return uplink_;
  }

 private:
  void Answer(ConnId conn, const Bytes& bytes) {
    const std::lock_guard lock(mutex_);
    const Frame frame = Decode(bytes).value();
    const bool drafts = std::holds_alternative<Drafts>(frame);
    if (drafts || std::holds_alternative<Close>(frame))
      uplink_ += WebSocketBytes(bytes.size(), Direction::kUp);
    server_->Consumed(conn, 1);
    if (drafts && left_ > 0 && --left_ == 0) return server_->Close(conn);
    for (const Frame& answer : cloud_.Answer(frame)) (void)server_->Send(conn, Encode(answer));
  }

  std::mutex mutex_;
  ScriptedCloud cloud_{Text()};
  size_t uplink_ = 0;
  int left_;
  std::unique_ptr<WsServer> server_;
};

std::vector<Token> Continuation() {
  const std::vector<Token> text = Text();
  return {text.begin() + static_cast<std::ptrdiff_t>(kPrompt.size()), text.end()};
}

TEST(Runner, WritesTheCloudsTextAndShowsEveryTokenInOrder) {
  for (const Mode mode : {Mode::kSync, Mode::kCloud}) {
    LoopbackCloud cloud;
    FakeEngine draft({});
    std::vector<Token> shown;
    const RunHooks hooks{.on_commit = [&](std::span<const Token> tokens, std::span<const Author> authors) {
      EXPECT_EQ(tokens.size(), authors.size());
      shown.insert(shown.end(), tokens.begin(), tokens.end());
    }};
    const RunResult result =
        RunGeneration(Config(mode), {.draft = mode == Mode::kCloud ? nullptr : &draft}, cloud.Dial(), hooks);
    EXPECT_EQ(result.finish, Finish::kLength);
    EXPECT_EQ(result.tokens, Continuation());
    EXPECT_EQ(shown, result.tokens);
    ASSERT_TRUE(result.welcome);
    EXPECT_EQ(result.welcome->software, "scripted");
    EXPECT_EQ(draft.open_sequences(), 0);
  }
}

// Every byte that crossed the socket is in one of the three places; goodbyes that the edge did not wait for
// aside.
TEST(Runner, BooksEveryByte) {
  LoopbackCloud cloud;
  FakeEngine draft({});
  const RunResult result = RunGeneration(Config(Mode::kSync), {.draft = &draft}, cloud.Dial(), {});
  const ByteCount counted = cloud.Counted();
  const uint64_t booked = result.bytes.setup + result.bytes.up + result.bytes.down;
  constexpr uint64_t kGoodbye = 8;  // a WebSocket close frame with its mask and code
  EXPECT_LE(booked, counted.sent + counted.received);
  EXPECT_GE(booked + 2 * kGoodbye, counted.sent + counted.received);
  EXPECT_GE(result.bytes.up, cloud.uplink());
  EXPECT_LE(result.bytes.up, cloud.uplink() + kGoodbye);
}

TEST(Runner, ModeEdgeOpensNoConnection) {
  FakeEngine draft({});
  const Dialer dial = [](ConnectionCallbacks) -> Result<std::unique_ptr<Connection>> {
    ADD_FAILURE() << "dialled";
    return Fail(ErrorCode::kInternal, "dialled");
  };
  const RunResult result = RunGeneration(Config(Mode::kEdge), {.draft = &draft}, dial, {});
  EXPECT_EQ(result.finish, Finish::kLength);
  EXPECT_EQ(result.tokens.size(), static_cast<size_t>(kLength));
  EXPECT_EQ(result.bytes.setup + result.bytes.up + result.bytes.down, 0u);
  EXPECT_FALSE(result.welcome);
}

TEST(Runner, ADroppedConnectionIsDialledAgain) {
  LoopbackCloud cloud(3);
  FakeEngine draft({});
  const RunResult result = RunGeneration(Config(Mode::kSync), {.draft = &draft}, cloud.Dial(), {});
  EXPECT_EQ(result.finish, Finish::kLength);
  EXPECT_EQ(result.tokens, Continuation());
  EXPECT_EQ(result.stats.reconnects, 1u);
  EXPECT_EQ(result.stats.sent, result.stats.verified + result.stats.stale);
}

TEST(Runner, NobodyThereIsAnErrorWithTheTextSoFar) {
  const Dialer dial = LoopbackCloud().Dial();  // which is gone again
  FakeEngine draft({});
  const RunResult result = RunGeneration(Config(Mode::kSync), {.draft = &draft}, dial, {});
  EXPECT_EQ(result.finish, Finish::kError);
  ASSERT_TRUE(result.error);
  EXPECT_EQ(result.error->code, ErrorCode::kNetwork);
  EXPECT_THAT(result.tokens, IsEmpty());
}

TEST(Runner, CancelEndsTheRunWithTheTextSoFar) {
  LoopbackCloud cloud;
  FakeEngine draft({});
  std::atomic<bool> cancel{false};
  size_t shown = 0;
  const RunHooks hooks{.on_commit =
                           [&](std::span<const Token> tokens, std::span<const Author>) {
                             shown += tokens.size();
                             cancel = shown >= 5;
                           },
                       .cancel = &cancel};
  const RunResult result = RunGeneration(Config(Mode::kSync), {.draft = &draft}, cloud.Dial(), hooks);
  EXPECT_EQ(result.tokens.size(), shown);
  EXPECT_GE(shown, 5u);
  EXPECT_LT(shown, static_cast<size_t>(kLength));
  EXPECT_FALSE(result.error);
}

}  // namespace
}  // namespace tandem
