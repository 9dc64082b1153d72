// Tests of memory transport.
#include "wire/memory_transport.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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

}  // namespace
}  // namespace tandem
