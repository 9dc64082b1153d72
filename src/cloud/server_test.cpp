// The server over real WebSockets on loopback, with a fake engine.
#include "cloud/server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <random>

#include "cloud/talk.h"
#include "wire/websocket_peers.h"

namespace tandem {
namespace {

using testing::HasSubstr;

constexpr Micros kLong{20'000'000};  // a test that passes never waits for it

// A fake engine whose steps wait while the gate is shut.
class GatedEngine final : public Engine {
 public:
  struct Gate {
    std::mutex mutex;
    std::condition_variable moved;
    bool shut = false;
    int waiting = 0;

    void Shut(bool to) {
      const std::lock_guard lock(mutex);
      shut = to;
      moved.notify_all();
    }
    void AwaitStep() {
      std::unique_lock lock(mutex);
      EXPECT_TRUE(moved.wait_for(lock, std::chrono::seconds(20), [this] { return waiting > 0; }));
    }
  };

  GatedEngine(const FakeEngineConfig& config, std::shared_ptr<Gate> gate)
      : engine_(config), gate_(std::move(gate)) {}

  const EngineInfo& info() const override { return engine_.info(); }
  Result<SeqId> Open() override { return engine_.Open(); }
  Result<LogitsView> Step(std::span<const SeqRows> batch) override {
    {
      std::unique_lock lock(gate_->mutex);
      ++gate_->waiting;
      gate_->moved.notify_all();
      gate_->moved.wait(lock, [this] { return !gate_->shut; });
      --gate_->waiting;
    }
    return engine_.Step(batch);
  }
  Status Truncate(SeqId seq, Pos length) override { return engine_.Truncate(seq, length); }
  Status Copy(SeqId from, Pos length, SeqId to) override { return engine_.Copy(from, length, to); }
  Pos Length(SeqId seq) const override { return engine_.Length(seq); }
  void Close(SeqId seq) override { engine_.Close(seq); }

 private:
  FakeEngine engine_;
  std::shared_ptr<Gate> gate_;
};

// A client that has dialled; frames are read in order.
class Client {
 public:
  explicit Client(uint16_t port, const std::string& token = "") {
    auto dialled = DialWebSocket({.host = "127.0.0.1", .port = port}, token, {}, record_.Callbacks());
    EXPECT_TRUE(dialled) << dialled.error().message;
    if (dialled) link_ = std::move(*dialled);
  }

  void Say(const Frame& frame) { SayBytes(Encode(frame)); }
  void SayBytes(Bytes bytes) { (void)link_->Send(std::move(bytes)); }
  Frame HearAny() {
    const std::vector<Bytes> frames = record_.WaitFrames(++read_);
    return frames.size() < read_ ? Frame{} : Decode(frames[read_ - 1]).value();
  }
  // Costs come when the cloud has news of them.
  Frame HearNoCosts() {
    Frame frame = HearAny();
    while (std::holds_alternative<Costs>(frame)) frame = HearAny();
    return frame;
  }
  template <class Kind>
  Kind Hear() {
    const Frame frame = HearNoCosts();
    EXPECT_TRUE(std::holds_alternative<Kind>(frame)) << FrameName(frame);
    return std::holds_alternative<Kind>(frame) ? std::get<Kind>(frame) : Kind{};
  }
  Error WaitClosed() { return record_.WaitClosed(); }

  void Begin(const Open& open) {
    Say(Hello{.software = "edge", .vocab = TalkConfig().vocab});
    Hear<Welcome>();
    Say(open);
  }

 private:
  Record record_;
  size_t read_ = 0;
  std::unique_ptr<Connection> link_;  // last: no callback runs once it is gone
};

class ServerTest : public testing::Test {
 protected:
  void Start(const ServiceConfig& config = TalkConfig()) {
    auto started =
        CloudServer::Start(std::make_unique<GatedEngine>(target_, gate_), config, {.listen = "127.0.0.1:0"});
    ASSERT_TRUE(started) << started.error().message;
    server_ = std::move(*started);
  }
  uint16_t port() const { return server_->port(); }

  // Speculates with drafts that are right two times of three; the whole text.
  std::vector<Token> Write(const Open& open, Pos length) {
    const std::vector<Token> truth = StraightText(target_, open, length + 8);
    Client client(port());
    client.Begin(open);
    client.Hear<Opened>();
    std::vector<Token> text = open.ids;
    uint32_t epoch = 0;
    while (static_cast<Pos>(text.size()) < length) {
      Drafts drafts{.epoch = epoch, .base = static_cast<Pos>(text.size())};
      for (size_t i = 0; i < 4; ++i)
        drafts.ids.push_back((truth[text.size() + i] + (i % 3 == 2 ? 1 : 0)) % 64);
      client.Say(drafts);
      const Verdict verdict = client.Hear<Verdict>();
      text.insert(text.end(), drafts.ids.begin(), drafts.ids.begin() + verdict.accepted);
      text.push_back(verdict.token);
      epoch += verdict.accepted < 4 ? 1 : 0;
    }
    client.Say(Close{});
    text.resize(static_cast<size_t>(length));
    return text;
  }

  FakeEngineConfig target_{.context = 512};
  std::shared_ptr<GatedEngine::Gate> gate_ = std::make_shared<GatedEngine::Gate>();
  std::unique_ptr<CloudServer> server_;
};

TEST_F(ServerTest, WritesATextWithAnEdge) {
  Start();
  const Open open = PromptOpen(70, 3);
  EXPECT_EQ(Write(open, 200), StraightText(target_, open, 200));
}

TEST_F(ServerTest, WritesManyTextsAtOnce) {
  Start();
  std::vector<std::future<bool>> all;
  for (uint64_t seed = 1; seed <= 6; ++seed) {
    all.push_back(std::async(std::launch::async, [this, seed] {
      const Open open = PromptOpen(static_cast<Pos>(30 * seed), seed);
      return Write(open, 250) == StraightText(target_, open, 250);
    }));
  }
  for (std::future<bool>& one : all) EXPECT_TRUE(one.get());
  EXPECT_TRUE(server_->Drain(kLong));
  EXPECT_EQ(server_->stats().sessions_opened, 6u);
  EXPECT_EQ(server_->sessions(), 0);
}

TEST_F(ServerTest, GarbageDoesNotDisturbAGeneration) {
  Start();
  std::atomic<bool> done{false};
  std::thread rogue([&] {
    std::mt19937_64 random(1);
    while (!done) {
      Client client(port());
      if (random() % 2 == 0) client.Begin(PromptOpen(20));
      for (int i = 0; i < 20; ++i) {
        Bytes bytes(random() % 300);
        for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random());
        client.SayBytes(bytes);
      }
      client.WaitClosed();
    }
  });
  const Open open = PromptOpen(70, 3);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(Write(open, 400), StraightText(target_, open, 400));
  done = true;
  rogue.join();
}

// More frames than the server lets wait: the connection is read on as they are dealt with.
TEST_F(ServerTest, AFloodOfFramesIsTakenInTurn) {
  Start();
  Open open = PromptOpen(10);
  open.epoch = 1;
  Client client(port());
  client.Begin(open);
  client.Hear<Opened>();
  for (int round = 0; round < 20; ++round) {
    for (int i = 0; i < 100; ++i) client.Say(Drafts{.epoch = 0, .base = 10, .ids = {1, 2, 3}});  // stale
    client.Say(Drafts{.epoch = 1, .base = 10 + round});
    EXPECT_EQ(client.Hear<Verdict>().base, 10 + round);
  }
}

TEST_F(ServerTest, FramesOfAStepUnderWayAreAnsweredAfterIt) {
  Start();
  Client first(port()), second(port());
  first.Begin(PromptOpen(1));
  first.Hear<Opened>();
  gate_->Shut(true);
  first.Say(Drafts{.base = 1});
  gate_->AwaitStep();
  second.Say(Hello{.software = "edge", .vocab = TalkConfig().vocab});
  gate_->Shut(false);
  first.Hear<Verdict>();
  second.Hear<Welcome>();
}

TEST_F(ServerTest, DrainLetsTheLastSessionEnd) {
  Start();
  Client old(port());
  old.Begin(PromptOpen(10));
  old.Hear<Opened>();
  auto drained = std::async(std::launch::async, [this] { return server_->Drain(kLong); });
  for (bool noticed = false; !noticed;) {
    Client late(port());
    late.Begin(PromptOpen(10));
    const Frame answer = late.HearAny();
    noticed = std::holds_alternative<Fault>(answer);
    if (noticed) {
      EXPECT_THAT(std::get<Fault>(answer).message, HasSubstr("shutting down"));
    }
  }
  old.Say(Drafts{.base = 10});
  EXPECT_EQ(old.Hear<Verdict>().base, 10);
  old.Say(Close{});
  EXPECT_TRUE(drained.get());
}

TEST_F(ServerTest, DrainGivesUpInTheEnd) {
  Start();
  Client client(port());
  client.Begin(PromptOpen(10));
  client.Hear<Opened>();
  EXPECT_FALSE(server_->Drain(Micros{30'000}));
  EXPECT_EQ(client.Hear<Fault>().code, ErrorCode::kBusy);
  client.WaitClosed();
}

TEST_F(ServerTest, DrainOfAnIdleServerReturnsAtOnce) {
  Start();
  EXPECT_TRUE(server_->Drain(kLong));
  EXPECT_TRUE(server_->Drain(kLong)) << "again";
}

TEST_F(ServerTest, StopsAmidAStream) {
  Start();
  gate_->Shut(true);
  Client client(port());
  client.Begin(PromptOpen(1, 1, 512));
  client.Hear<Opened>();
  gate_->AwaitStep();
  gate_->Shut(false);
  server_.reset();
  client.WaitClosed();
}

TEST_F(ServerTest, TimeOutsComeWithoutEvents) {
  ServiceConfig config = TalkConfig();
  config.hello_timeout = Micros{20'000};
  Start(config);
  Client client(port());
  EXPECT_EQ(client.Hear<Fault>().code, ErrorCode::kNetwork);
  client.WaitClosed();
}

TEST_F(ServerTest, APromptThatIsTooLongHearsSoAndAFrameThatIsTooLongEnds) {
  Start();
  Client wordy(port());
  wordy.Begin(PromptOpen(20'000));
  const Fault fault = wordy.Hear<Fault>();
  EXPECT_EQ(fault.code, ErrorCode::kContext);
  EXPECT_THAT(fault.message, HasSubstr("20000"));
  Client huge(port());
  huge.SayBytes(Bytes(1u << 20));
  huge.WaitClosed();
}

TEST_F(ServerTest, SaysWhyItDoesNotStart) {
  Start();
  const auto taken =
      CloudServer::Start(std::make_unique<FakeEngine>(target_), TalkConfig(), {.listen = server_->address()});
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().code, ErrorCode::kResource);
  target_.max_rows = 8;
  const auto small =
      CloudServer::Start(std::make_unique<FakeEngine>(target_), TalkConfig(), {.listen = "127.0.0.1:0"});
  ASSERT_FALSE(small);
  EXPECT_THAT(small.error().message, HasSubstr("8 rows"));
}

}  // namespace
}  // namespace tandem
