// The server against bad addresses, strangers' HTTP, slow readers and floods.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <thread>

#include "wire/raw_socket.h"
#include "wire/websocket.h"
#include "wire/websocket_peers.h"

namespace tandem {
namespace {

using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

constexpr const char* kUpgrade =
    "GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: upgrade\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

Error ListenError(const std::string& listen, const std::string& token = "") {
  const auto server = ListenWebSocket({.listen = listen, .token = token}, {});
  return server ? Error{ErrorCode::kInternal, "listening on " + (*server)->address()} : server.error();
}

std::string Ask(const TestServer& peer, const std::string& request) {
  RawSocket client = RawSocket::Connect(peer.server->port());
  client.Send(request);
  return client.ReceiveAll();
}

TEST(WsServer, NeedsATokenBeyondLoopback) {
  const Error error = ListenError("0.0.0.0:0");
  EXPECT_EQ(error.code, ErrorCode::kUsage);
  EXPECT_THAT(error.message, AllOf(HasSubstr("0.0.0.0:0"), HasSubstr("token")));
  EXPECT_THAT(ListenError("0.0.0.0:0", "t").message, StartsWith("listening on 0.0.0.0:"));
}

TEST(WsServer, SaysWhyItCannotListen) {
  for (const char* bad : {"", "127.0.0.1", "127.0.0.1:", ":80", "127.0.0.1:x", "127.0.0.1:70000", "a b:1"}) {
    EXPECT_EQ(ListenError(bad).code, ErrorCode::kUsage) << bad;
  }
  RawSocket taken = RawSocket::Listen();
  const std::string address = "127.0.0.1:" + std::to_string(taken.port());
  const Error error = ListenError(address);
  EXPECT_EQ(error.code, ErrorCode::kResource);
  EXPECT_THAT(error.message, AllOf(HasSubstr(address), HasSubstr("in use")));
}

TEST(WsServer, ListensOnNamesAndIPv6) {
  EXPECT_THAT(ListenError("localhost:0").message, StartsWith("listening on "));
  auto server = ListenWebSocket({.listen = "[::1]:0"}, {});
  if (!server) GTEST_SKIP() << "no IPv6 here: " << server.error().message;
  EXPECT_THAT((*server)->address(), StartsWith("[::1]:"));
  EXPECT_TRUE(DialWebSocket({.host = "::1", .port = (*server)->port()}, "", {}, {}));
}

TEST(WsServer, AnswersHealthChecksWithoutAToken) {
  TestServer peer;
  WsServerOptions options = AnyPort();
  options.token = "secret";
  ASSERT_TRUE(peer.Start(options, false));
  EXPECT_THAT(Ask(peer, "GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n"),
              AllOf(StartsWith("HTTP/1.1 200 OK"), EndsWith("\r\n\r\nok\n")));
  EXPECT_THAT(Ask(peer, "HEAD /healthz HTTP/1.1\r\nHost: h\r\n\r\n"),
              AllOf(StartsWith("HTTP/1.1 200 OK"), EndsWith("\r\n\r\n")));
  EXPECT_THAT(Ask(peer, "GET / HTTP/1.1\r\nHost: h\r\n\r\n"), StartsWith("HTTP/1.1 404"));
  EXPECT_THAT(Ask(peer, "POST /healthz HTTP/1.1\r\nHost: h\r\n\r\n"), StartsWith("HTTP/1.1 404"));
}

TEST(WsServer, ReadsTheAuthorizationHeaderStrictly) {
  TestServer peer;
  WsServerOptions options = AnyPort();
  options.token = "secret";
  ASSERT_TRUE(peer.Start(options, false));
  const std::string upgrade = kUpgrade;
  for (const char* header : {"", "Authorization: secret\r\n", "Authorization: Basic secret\r\n",
                             "Authorization: Bearer\r\n", "Authorization: Bearer secrets\r\n"}) {
    EXPECT_THAT(Ask(peer, upgrade + header + "\r\n"), StartsWith("HTTP/1.1 401")) << header;
  }
  RawSocket client = RawSocket::Connect(peer.server->port());
  client.Send(upgrade + "Authorization: bearer secret\r\n\r\n");
  EXPECT_THAT(client.ReceiveHeader(), StartsWith("HTTP/1.1 101"));
}

TEST(WsServer, OutlivesStrangers) {
  TestServer peer;
  WsServerOptions options = AnyPort();
  options.limits.connect_timeout_ms = 100;
  ASSERT_TRUE(peer.Start(options, true));
  EXPECT_THAT(Ask(peer, std::string("\x16\x03\x01\x02\x00\x01\xff\r\n\r\n", 11)),
              AllOf(StartsWith("HTTP/1.1 400"), HasSubstr("speaks ws://, without TLS")));
  EXPECT_EQ(Ask(peer, "GET / HTTP/1.1\r\nX: " + std::string(20000, 'x')), "");
  EXPECT_EQ(Ask(peer, "GET / HT"), "");  // never finished: cut by the time-out
  EXPECT_EQ(Ask(peer, ""), "");
  EXPECT_THAT(Ask(peer, "GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n"),
              testing::Not(HasSubstr(" 101 ")));  // without a key
  Record record;
  const auto client = DialWebSocket(peer.url(), "", {}, record.Callbacks());
  ASSERT_TRUE(client);
  ASSERT_TRUE((*client)->Send({1}));
  record.WaitFrames(1);
}

TEST(WsServer, CutsPeersThatBreakTheFraming) {
  TestServer peer;
  ASSERT_TRUE(peer.Start(AnyPort(), false));
  const std::string reserved_bits("\xf2\x80\0\0\0\0", 6), unmasked("\x82\x01x", 3),
      text("\x81\x81\0\0\0\0x", 7);
  const std::string huge("\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff\0\0\0\0", 14);
  int closings = 0;
  for (const std::string& bytes : {reserved_bits, unmasked, text, huge}) {
    RawSocket client = RawSocket::Connect(peer.server->port());
    client.Send(std::string(kUpgrade) + "\r\n");
    ASSERT_THAT(client.ReceiveHeader(), StartsWith("HTTP/1.1 101"));
    client.Send(bytes);
    client.ReceiveAll();
    client.Close();
    peer.record.WaitClosings(++closings);
    EXPECT_EQ(peer.record.WaitClosed().code, ErrorCode::kProtocol) << peer.record.WaitClosed().message;
  }
  EXPECT_TRUE(peer.record.frames().empty());
}

TEST(WsServer, ASlowReaderLosesItsConnectionAndNobodyElse) {
  TestServer peer;
  WsServerOptions options = AnyPort();
  options.limits.outbox_bytes = 1 << 20;
  ASSERT_TRUE(peer.Start(options, true));
  RawSocket slow = RawSocket::Connect(peer.server->port());
  slow.Send(std::string(kUpgrade) + "\r\n");
  ASSERT_THAT(slow.ReceiveHeader(), StartsWith("HTTP/1.1 101"));
  const ConnId conn = peer.record.WaitOpened();
  Record record;
  const auto client = DialWebSocket(peer.url(), "", {}, record.Callbacks());
  ASSERT_TRUE(client);

  Status status;
  size_t accepted = 0;
  for (; status && accepted < 10000; ++accepted) status = peer.server->Send(conn, Bytes(100'000));
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::kResource);
  EXPECT_THAT(status.error().message, HasSubstr("reads too slowly"));
  EXPECT_EQ(peer.record.WaitClosed(), status.error());

  ASSERT_TRUE((*client)->Send({1}));
  record.WaitFrames(1);
  EXPECT_EQ(record.closings(), 0);
}

// Round trips of another connection, after which the server's one I/O thread has read whatever it was going
// to.
void OthersGoOn(const TestServer& peer) {
  Record record;
  const auto client = DialWebSocket(peer.url(), "", {}, record.Callbacks());
  ASSERT_TRUE(client);
  for (size_t round = 1; round <= 3; ++round) {
    ASSERT_TRUE((*client)->Send({99}));
    record.WaitFrames(round);
  }
}

size_t FramesOfTheFlood(const TestServer& peer) {
  const std::vector<Bytes> frames = peer.record.frames();
  return static_cast<size_t>(
      std::count_if(frames.begin(), frames.end(), [](const Bytes& f) { return f[0] != 99; }));
}

TEST(WsServer, StopsReadingAFloodNobodyConsumes) {
  TestServer peer;
  WsServerOptions options = AnyPort();
  options.max_unconsumed = 4;
  ASSERT_TRUE(peer.Start(options, true));
  peer.consumes = false;
  Record record;
  const auto client = DialWebSocket(peer.url(), "", {}, record.Callbacks());
  ASSERT_TRUE(client);
  const uint64_t before = (*client)->counted().sent;
  for (int i = 0; i < 10; ++i) ASSERT_TRUE((*client)->Send({static_cast<uint8_t>(i)}));
  while ((*client)->counted().sent < before + 10 * 7) std::this_thread::yield();
  const ConnId conn = peer.record.WaitOpened();

  size_t expected = 4;
  for (const int consumed : {0, 1, 3}) {
    peer.server->Consumed(conn, consumed);
    expected += static_cast<size_t>(consumed);
    record.WaitFrames(expected);
    OthersGoOn(peer);
    EXPECT_EQ(FramesOfTheFlood(peer), expected);
  }
  peer.server->Consumed(conn, 100);
  record.WaitFrames(10);
}

}  // namespace
}  // namespace tandem
