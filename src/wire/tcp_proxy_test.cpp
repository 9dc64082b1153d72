// The proxy between real sockets. Times are only asserted from below.
#include "wire/tcp_proxy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <cerrno>
#include <chrono>
#include <random>
#include <thread>

#include "wire/raw_socket.h"
#include "wire/ws_url.h"

namespace tandem {
namespace {

using testing::HasSubstr;

double SecondsSince(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

std::string Noise(size_t bytes, uint32_t seed) {
  std::mt19937 random(seed);
  std::string text(bytes, '\0');
  for (char& c : text) c = static_cast<char>(random());
  return text;
}

struct ProxyPair {
  RawSocket target = RawSocket::Listen();
  std::unique_ptr<TcpProxy> proxy;

  explicit ProxyPair(const LinkShape& shape, CutMode mode = CutMode::kStall) {
    auto started = StartTcpProxy({.listen = "127.0.0.1:0",
                                  .to = "127.0.0.1:" + std::to_string(target.port()),
                                  .shape = shape,
                                  .cut_mode = mode});
    EXPECT_TRUE(started) << started.error().message;
    if (started) proxy = std::move(*started);
  }
  RawSocket Dial() const { return RawSocket::Connect(ParseHostPort(proxy->address())->port); }
};

// Both sides send what they have at once, in uneven pieces, and end; then both texts are intact.
void ExchangeThrough(ProxyPair& pair, size_t up_bytes, size_t down_bytes) {
  const std::string up = Noise(up_bytes, 1), down = Noise(down_bytes, 2);
  const auto talk = [](RawSocket& socket, const std::string& say, std::string& heard) {
    std::thread sender([&] {
      for (size_t at = 0, piece = 1; at < say.size(); at += piece, piece = piece % 5000 * 3 + 1)
        socket.Send(std::string_view(say).substr(at, piece));
      socket.EndSending();
    });
    heard = socket.ReceiveAll();
    sender.join();
  };
  std::string at_edge, at_cloud;
  RawSocket edge = pair.Dial();
  std::thread cloud([&] {
    RawSocket socket = pair.target.Accept();
    talk(socket, down, at_cloud);
  });
  talk(edge, up, at_edge);
  cloud.join();
  EXPECT_TRUE(at_cloud == up) << at_cloud.size();
  EXPECT_TRUE(at_edge == down) << at_edge.size();
  EXPECT_EQ(pair.proxy->totals().up_bytes, up_bytes);
  EXPECT_EQ(pair.proxy->totals().down_bytes, down_bytes);
}

TEST(TcpProxy, BytesSurviveLossJitterAndCuts) {
  ProxyPair pair(
      {.rtt = Micros(4000),
       .jitter = Micros(2000),
       .rates = {.down_bps = 400e6, .up_bps = 50e6},
       .loss = 0.01,
       .cuts = {.every = Micros(25'000), .length = Micros(10'000)},  // the bytes take 30 ms at least
       .seed = 3});
  ExchangeThrough(pair, 200'000, 1'500'000);
  EXPECT_GT(pair.proxy->totals().stalls, 0u);
  EXPECT_GT(pair.proxy->totals().cuts, 0u);
  EXPECT_EQ(pair.proxy->totals().connections, 1u);
}

TEST(TcpProxy, AnUnshapedOneIsTransparent) {
  ProxyPair pair({});
  ExchangeThrough(pair, 3'000'000, 0);
}

TEST(TcpProxy, ARoundTripAndALineTakeTheirTime) {
  ProxyPair pair({.rtt = Micros(40'000), .rates = {.down_bps = 8e6, .up_bps = 8e5}});
  const auto start = std::chrono::steady_clock::now();
  RawSocket edge = pair.Dial();
  RawSocket cloud = pair.target.Accept();
  EXPECT_GE(SecondsSince(start), 0.04);  // the handshake
  const auto sent = std::chrono::steady_clock::now();
  edge.Send(std::string(5000, 'u'));  // 50 ms
  EXPECT_EQ(cloud.Receive(5000).size(), 5000u);
  cloud.Send(std::string(5000, 'd'));  // 5 ms
  EXPECT_EQ(edge.Receive(5000).size(), 5000u);
  EXPECT_GE(SecondsSince(sent), 0.095);
}

TEST(TcpProxy, AStallingCutTellsNobody) {
  const auto before = std::chrono::steady_clock::now();
  ProxyPair pair({.cuts = {.every = Micros(300'000), .length = Micros(299'999)}});
  RawSocket edge = pair.Dial();
  RawSocket cloud = pair.target.Accept();
  std::this_thread::sleep_for(std::chrono::milliseconds(310));
  edge.Send("hello");
  RawSocket late = pair.Dial();
  EXPECT_TRUE(late.ok());
  EXPECT_EQ(cloud.Receive(5), "hello");
  EXPECT_GE(SecondsSince(before), 0.59);
}

TEST(TcpProxy, ADroppingCutResetsAndRefuses) {
  ProxyPair pair({.cuts = {.every = Micros(500'000), .length = Micros(499'999)}}, CutMode::kDrop);
  RawSocket edge = pair.Dial();
  RawSocket cloud = pair.target.Accept();
  EXPECT_EQ(edge.ReceiveAll(), "");  // returns with the cut
  EXPECT_EQ(cloud.ReceiveAll(), "");
  RawSocket late = pair.Dial();
  EXPECT_EQ(late.ReceiveAll(), "");
  EXPECT_EQ(pair.proxy->totals().refused, 1u);
  EXPECT_GE(pair.proxy->totals().cuts, 1u);
}

TEST(TcpProxy, AResetIsPassedOnBehindWhatCameBefore) {
  ProxyPair pair({.rtt = Micros(10'000)});
  RawSocket edge = pair.Dial();
  RawSocket cloud = pair.target.Accept();
  edge.Send("last words");
  EXPECT_EQ(cloud.Receive(10), "last words");
  cloud.Reset();
  errno = 0;
  EXPECT_EQ(edge.Receive(1), "");
  EXPECT_EQ(errno, ECONNRESET);
}

// The receiver does not read: the sender must feel it, long before it is done.
TEST(TcpProxy, WhatItHoldsIsBounded) {
  ProxyPair pair({.rates = {.down_bps = 1e9, .up_bps = 1e9}});
  RawSocket edge = pair.Dial();
  RawSocket cloud = pair.target.Accept();
  EXPECT_LT(edge.SendUntilStuck(std::string(1 << 20, 'x'), 256), size_t{100} << 20);
}

TEST(TcpProxy, ATargetThatIsNotThereEndsTheConnection) {
  RawSocket listener = RawSocket::Listen();
  const std::string nobody = "127.0.0.1:" + std::to_string(listener.port());
  listener.Close();
  std::string trouble;
  auto proxy = StartTcpProxy(
      {.listen = "127.0.0.1:0", .to = nobody, .on_trouble = [&](const std::string& t) { trouble = t; }});
  ASSERT_TRUE(proxy);
  RawSocket edge = RawSocket::Connect(ParseHostPort((*proxy)->address())->port);
  EXPECT_EQ(edge.ReceiveAll(), "");
  (*proxy)->Stop();
  EXPECT_THAT(trouble, HasSubstr(nobody));
  EXPECT_EQ((*proxy)->totals().refused, 1u);
}

TEST(TcpProxy, ConnectionsBeyondTheLimitAreReset) {
  RawSocket target = RawSocket::Listen();
  auto proxy = StartTcpProxy(
      {.listen = "127.0.0.1:0", .to = "127.0.0.1:" + std::to_string(target.port()), .max_connections = 1});
  ASSERT_TRUE(proxy);
  const uint16_t port = ParseHostPort((*proxy)->address())->port;
  RawSocket first = RawSocket::Connect(port);
  RawSocket cloud = target.Accept();
  EXPECT_EQ(RawSocket::Connect(port).ReceiveAll(), "");
  first.Send("x");
  EXPECT_EQ(cloud.Receive(1), "x");
}

TEST(TcpProxy, RefusesWhatItCannotDo) {
  const auto refused = [](const std::string& listen, const std::string& to) {
    const auto proxy = StartTcpProxy({.listen = listen, .to = to});
    return proxy ? ErrorCode::kInternal : proxy.error().code;
  };
  EXPECT_EQ(refused("nowhere", "127.0.0.1:1"), ErrorCode::kUsage);
  EXPECT_EQ(refused("127.0.0.1:0", "http://x"), ErrorCode::kUsage);
  EXPECT_EQ(refused("127.0.0.1:0", "no-such-host.invalid:1"), ErrorCode::kNetwork);
  RawSocket taken = RawSocket::Listen();
  EXPECT_EQ(refused("127.0.0.1:" + std::to_string(taken.port()), "127.0.0.1:1"), ErrorCode::kResource);
}

}  // namespace
}  // namespace tandem
