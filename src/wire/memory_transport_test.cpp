// Tests of memory transport.
#include "wire/memory_transport.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace tandem {
namespace {

using testing::ElementsAre;

// Two ends that write down what they hear.
struct Ends {
  std::vector<std::string> heard;
  MemoryPair pair;

  explicit Ends(const LinkLimits& limits = {}) {
    pair = JoinInMemory(Listener("left"), Listener("right"), limits);
  }
  ConnectionCallbacks Listener(const std::string& name) {
    return {
        .on_frame = [this, name](Bytes frame) { heard.push_back(name + " " + std::to_string(frame.at(0))); },
        .on_closed = [this,
                      name](const Error& why) { heard.push_back(name + " closed " + ErrorName(why.code)); }};
  }
};

TEST(MemoryTransport, DeliversInTheOrderOfSendingWhenTold) {
  Ends ends;
  ASSERT_TRUE(ends.pair.left->Send({1}));
  ASSERT_TRUE(ends.pair.right->Send({2}));
  ASSERT_TRUE(ends.pair.left->Send({3}));
  EXPECT_TRUE(ends.heard.empty());
  EXPECT_TRUE(ends.pair.wire->Deliver());
  EXPECT_THAT(ends.heard, ElementsAre("right 1"));
  ends.pair.wire->DeliverAll();
  EXPECT_THAT(ends.heard, ElementsAre("right 1", "left 2", "right 3"));
  EXPECT_FALSE(ends.pair.wire->Deliver());
}

TEST(MemoryTransport, CountsFrameBytes) {
  Ends ends;
  ASSERT_TRUE(ends.pair.left->Send(Bytes(10)));
  EXPECT_EQ(ends.pair.left->counted().sent, 10u);
  EXPECT_EQ(ends.pair.right->counted().received, 0u);
  ends.pair.wire->DeliverAll();
  EXPECT_EQ(ends.pair.right->counted().received, 10u);
}

TEST(MemoryTransport, CloseComesBehindWhatWasSent) {
  Ends ends;
  ASSERT_TRUE(ends.pair.left->Send({1}));
  ends.pair.left->Close();
  ends.pair.left->Close();
  EXPECT_EQ(ends.pair.left->Send({2}).error().code, ErrorCode::kNetwork);
  ASSERT_TRUE(ends.pair.right->Send({3}));  // it has not heard yet
  ends.pair.wire->DeliverAll();
  EXPECT_THAT(ends.heard, ElementsAre("right 1", "right closed network", "left closed network"));
  EXPECT_EQ(ends.pair.right->Send({4}).error().code, ErrorCode::kNetwork);
}

TEST(MemoryTransport, CutLosesWhatWaits) {
  Ends ends;
  ASSERT_TRUE(ends.pair.left->Send({1}));
  ends.pair.wire->Cut({ErrorCode::kNetwork, "pulled"});
  ends.pair.wire->DeliverAll();
  EXPECT_THAT(ends.heard, ElementsAre("left closed network", "right closed network"));
}

TEST(MemoryTransport, ADestroyedEndIsSilentAndThePeerHears) {
  Ends ends;
  ASSERT_TRUE(ends.pair.right->Send({1}));
  ends.pair.left.reset();
  ends.pair.wire->DeliverAll();
  EXPECT_THAT(ends.heard, ElementsAre("right closed network"));
}

TEST(MemoryTransport, AnEndMayDestroyItselfWhileItHears) {
  std::unique_ptr<Connection> self;
  MemoryPair pair = JoinInMemory({}, {.on_frame = [&self](const Bytes&) { self.reset(); }, .on_closed = {}});
  self = std::move(pair.right);
  ASSERT_TRUE(pair.left->Send({1}));
  pair.wire->DeliverAll();
  EXPECT_EQ(self, nullptr);
}

TEST(MemoryTransport, OutboxAndFramesAreBounded) {
  Ends ends({.max_frame_bytes = 60, .outbox_bytes = 100});
  ASSERT_TRUE(ends.pair.left->Send(Bytes(50)));
  ASSERT_TRUE(ends.pair.left->Send(Bytes(50)));
  ASSERT_TRUE(ends.pair.right->Send(Bytes(50)));
  ends.pair.wire->DeliverAll();
  ASSERT_TRUE(ends.pair.left->Send(Bytes(100)));  // room again, but too large for the peer
  EXPECT_EQ(ends.pair.left->Send(Bytes(1)).error().code, ErrorCode::kResource);
  EXPECT_EQ(ends.pair.left->Send(Bytes(1)).error().code, ErrorCode::kNetwork);
  ends.heard.clear();
  ends.pair.wire->DeliverAll();
  EXPECT_THAT(ends.heard, ElementsAre("left closed protocol", "right closed protocol"));
}

TEST(MemoryTransport, AShapedWireDeliversInTheOrderOfArrival) {
  std::vector<std::string> heard;
  VirtualClock clock;
  const auto listener = [&](const std::string& name) {
    return ConnectionCallbacks{
        .on_frame =
            [&heard, &clock, name](const Bytes& frame) {
              heard.push_back(fmt::format("{} {} at {}", name, frame.size(), clock.Now().count()));
            },
        .on_closed = [&heard, name](const Error&) { heard.push_back(name + " closed"); }};
  };
  // 1000 us each way, 10 us a byte up, 1 us a byte down.
  const LinkShape shape{.rtt = Micros(2000), .rates = {.down_bps = 8e6, .up_bps = 8e5}};
  MemoryPair pair = JoinShapedInMemory(listener("cloud's"), listener("edge's"), {}, clock, shape);
  EXPECT_EQ(pair.wire->NextArrival(), std::nullopt);
  ASSERT_TRUE(pair.left->Send(Bytes(100)));
  ASSERT_TRUE(pair.left->Send(Bytes(10)));
  ASSERT_TRUE(pair.right->Send(Bytes(100)));
  pair.left->Close();
  EXPECT_EQ(pair.wire->NextArrival(), Micros(1100));
  EXPECT_TRUE(pair.wire->Deliver());
  EXPECT_EQ(clock.Now(), Micros(1100));
  pair.wire->DeliverAll();
  EXPECT_THAT(heard, ElementsAre("cloud's 100 at 1100", "edge's 100 at 2000", "edge's 10 at 2100",
                                 "edge's closed", "cloud's closed"));
}

TEST(MemoryTransport, ACutWireIsSilentAndThenGoesOn) {
  VirtualClock clock;
  std::vector<Micros> heard;
  const LinkShape shape{.rtt = Micros(60'000),
                        .loss = 0.2,
                        .cuts = {.every = Micros(1'000'000), .length = Micros(400'000)},
                        .seed = 11};
  MemoryPair pair = JoinShapedInMemory(
      {}, {.on_frame = [&](const Bytes&) { heard.push_back(clock.Now()); }, .on_closed = {}}, {}, clock,
      shape);
  for (int i = 0; i < 300; ++i) {
    clock.AdvanceTo(Micros(i * 10'000));
    ASSERT_TRUE(pair.left->Send(Bytes(10)));
    while (pair.wire->NextArrival() <= Micros((i + 1) * 10'000) && pair.wire->Deliver()) {
    }
  }
  pair.wire->DeliverAll();
  ASSERT_EQ(heard.size(), 300u);
  EXPECT_TRUE(std::is_sorted(heard.begin(), heard.end()));
  for (const Micros at : heard) EXPECT_FALSE(shape.cuts.Cut(at)) << at.count();
}

}  // namespace
}  // namespace tandem
