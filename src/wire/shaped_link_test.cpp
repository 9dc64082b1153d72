// The shaped link around real WebSocket connections. Times are only asserted from below.
#include "wire/shaped_link.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "wire/websocket_peers.h"

namespace tandem {
namespace {

using Seconds = std::chrono::duration<double>;
using testing::HasSubstr;

double SecondsSince(std::chrono::steady_clock::time_point start) {
  return Seconds(std::chrono::steady_clock::now() - start).count();
}

struct ShapedPair {
  TestServer peer;
  Record record;
  std::unique_ptr<Connection> client;

  void Start(const LinkShape& shape, const LinkLimits& limits = {}) {
    ASSERT_TRUE(peer.Start(AnyPort(), true));
    auto dialled = DialShaped(shape, {}, limits, record.Callbacks(), [&](ConnectionCallbacks callbacks) {
      return DialWebSocket(peer.url(), "", limits, std::move(callbacks));
    });
    ASSERT_TRUE(dialled) << dialled.error().message;
    client = std::move(*dialled);
  }
};

TEST(ShapedLink, ARoundTripTakesItsTime) {
  ShapedPair pair;
  const auto start = std::chrono::steady_clock::now();
  pair.Start({.rtt = Micros(40'000)});
  EXPECT_GE(SecondsSince(start), 0.08);  // TCP's and the upgrade's
  for (int round = 1; round <= 3; ++round) {
    const auto sent = std::chrono::steady_clock::now();
    ASSERT_TRUE(pair.client->Send({static_cast<uint8_t>(round)}));
    EXPECT_EQ(pair.record.WaitFrames(static_cast<size_t>(round)).back(), Bytes{static_cast<uint8_t>(round)});
    EXPECT_GE(SecondsSince(sent), 0.04);
  }
}

TEST(ShapedLink, BytesTakeTheirTime) {
  ShapedPair pair;
  pair.Start({.rates = {.down_bps = 8e6, .up_bps = 8e5}});
  const auto sent = std::chrono::steady_clock::now();
  ASSERT_TRUE(pair.client->Send(Bytes(5000)));
  pair.record.WaitFrames(1);
  EXPECT_GE(SecondsSince(sent), 0.055);  // 50 ms up, 5 ms down
}

TEST(ShapedLink, KeepsOrderUnderJitter) {
  ShapedPair pair;
  pair.Start({.rtt = Micros(2000), .jitter = Micros(3000), .seed = 7});
  std::vector<Bytes> sent;
  for (int i = 0; i < 100; ++i) {
    sent.push_back(Bytes(static_cast<size_t>(i % 7) + 1, static_cast<uint8_t>(i)));
    ASSERT_TRUE(pair.client->Send(sent.back()));
  }
  EXPECT_TRUE(pair.record.WaitFrames(100) == sent);
}

TEST(ShapedLink, CloseComesBehindWhatWasSent) {
  ShapedPair pair;
  pair.Start({.rtt = Micros(20'000)});
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(pair.client->Send(Bytes(100)));
  pair.client->Close();
  EXPECT_EQ(pair.client->Send({1}).error().code, ErrorCode::kNetwork);
  EXPECT_EQ(pair.peer.record.WaitFrames(10).size(), 10u);
  EXPECT_EQ(pair.record.WaitClosed().code, ErrorCode::kNetwork);
  EXPECT_EQ(pair.record.closings(), 1);
}

TEST(ShapedLink, FramesBeforeTheServersCloseAllArrive) {
  ShapedPair pair;
  pair.Start({.rtt = Micros(20'000)});
  const ConnId conn = pair.peer.record.WaitOpened();
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(pair.peer.server->Send(conn, Bytes(100)));
  pair.peer.server->Close(conn);
  pair.record.WaitClosed();
  EXPECT_EQ(pair.record.frames().size(), 10u);
}

TEST(ShapedLink, DestructorFlushesAndTellsTheEnd) {
  ShapedPair pair;
  pair.Start({.rtt = Micros(10'000)});
  ASSERT_TRUE(pair.client->Send({5}));
  pair.client.reset();
  EXPECT_EQ(pair.record.closings(), 1);
  EXPECT_EQ(pair.peer.record.WaitFrames(1).size(), 1u);
}

TEST(ShapedLink, WhatIsUnderWayIsBounded) {
  ShapedPair pair;
  pair.Start({.rates = {.down_bps = 1e6, .up_bps = 1000}}, {.outbox_bytes = 10'000});
  ASSERT_TRUE(pair.client->Send(Bytes(9000)));
  const Status refused = pair.client->Send(Bytes(2000));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kResource);
  EXPECT_EQ(pair.record.WaitClosed(), refused.error());
  EXPECT_TRUE(pair.peer.record.frames().empty());
}

TEST(ShapedLink, AFullLineUpDoesNotHinderWhatComesDown) {
  ShapedPair pair;
  pair.Start({.rates = {.down_bps = 1e9, .up_bps = 1000}});
  ASSERT_TRUE(pair.client->Send(Bytes(100'000)));  // a quarter of an hour
  ASSERT_TRUE(pair.peer.server->Send(pair.peer.record.WaitOpened(), {1}));
  EXPECT_EQ(pair.record.WaitFrames(1).size(), 1u);
}

TEST(ShapedLink, PassesTheDiallingErrorOn) {
  const auto dialled =
      DialShaped({}, {}, {}, {}, [](ConnectionCallbacks) -> Result<std::unique_ptr<Connection>> {
        return Fail(ErrorCode::kAuth, "no");
      });
  ASSERT_FALSE(dialled);
  EXPECT_EQ(dialled.error(), (Error{ErrorCode::kAuth, "no"}));
}

}  // namespace
}  // namespace tandem
