// Client and server over loopback: what passes, what is counted, who is refused.
#include "wire/websocket.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "wire/raw_socket.h"
#include "wire/websocket_peers.h"

namespace tandem {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

std::unique_ptr<Connection> MustDial(const WsUrl& url, Record& record, const LinkLimits& limits = {},
                                     const std::string& token = "") {
  auto connection = DialWebSocket(url, token, limits, record.Callbacks());
  EXPECT_TRUE(connection) << connection.error().message;
  return connection ? std::move(*connection) : nullptr;
}

Error DialError(const WsUrl& url, const std::string& token = "", const LinkLimits& limits = {}) {
  const auto connection = DialWebSocket(url, token, limits, {});
  return connection ? Error{ErrorCode::kInternal, "connected"} : connection.error();
}

TEST(WebSocket, EchoesFramesOfAllSizesInOrder) {
  TestServer peer;
  ASSERT_TRUE(peer.Start(AnyPort(), true));
  Record record;
  const auto client = MustDial(peer.url(), record);
  std::vector<Bytes> sent;
  for (const size_t size : {0, 1, 125, 126, 65535, 65536, 1 << 20, 8 << 20, 3}) {
    sent.push_back(Pattern(static_cast<size_t>(size)));
    ASSERT_TRUE(client->Send(sent.back()));
  }
  EXPECT_TRUE(record.WaitFrames(sent.size()) == sent);
}

TEST(WebSocket, CountsTheSameBytesOnBothSides) {
  TestServer peer;
  ASSERT_TRUE(peer.Start(AnyPort(), true));
  Record record;
  const auto client = MustDial(peer.url(), record);
  const ByteCount upgraded = client->counted();
  EXPECT_GT(upgraded.sent, 100u);  // the HTTP request
  EXPECT_GT(upgraded.received, 80u);
  ASSERT_TRUE(client->Send(Pattern(20)));
  record.WaitFrames(1);
  EXPECT_EQ(client->counted().sent, upgraded.sent + 2 + 4 + 20);  // header, mask, payload
  EXPECT_EQ(client->counted().received, upgraded.received + 2 + 20);
  ASSERT_TRUE(client->Send(Pattern(70000)));
  record.WaitFrames(2);
  EXPECT_EQ(client->counted().sent, upgraded.sent + 26 + 2 + 8 + 4 + 70000);

  client->Close();
  record.WaitClosed();
  peer.record.WaitClosed();
  peer.server->Stop();
  EXPECT_EQ(peer.server->counted().received, client->counted().sent);
  EXPECT_EQ(peer.server->counted().sent, client->counted().received);
}

TEST(WebSocket, SixtyFourConnectionsAtOnce) {
  TestServer peer;
  ASSERT_TRUE(peer.Start(AnyPort(), true));
  std::vector<std::unique_ptr<Record>> records;
  std::vector<std::unique_ptr<Connection>> clients;
  for (int i = 0; i < 64; ++i) {
    records.push_back(std::make_unique<Record>());
    clients.push_back(MustDial(peer.url(), *records.back()));
  }
  for (size_t round = 1; round <= 3; ++round) {
    for (size_t i = 0; i < clients.size(); ++i) ASSERT_TRUE(clients[i]->Send(Pattern(i * round)));
  }
  for (size_t i = 0; i < clients.size(); ++i) {
    EXPECT_THAT(records[i]->WaitFrames(3), testing::ElementsAre(Pattern(i), Pattern(2 * i), Pattern(3 * i)));
  }
  clients.clear();
  peer.record.WaitClosings(64);
  EXPECT_EQ(peer.record.closings(), 64);
}

TEST(WebSocket, CloseFlushesFirst) {
  TestServer peer;
  ASSERT_TRUE(peer.Start(AnyPort(), false));
  Record record;
  const auto client = MustDial(peer.url(), record);
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(client->Send(Pattern(10000)));
  client->Close();
  client->Close();
  EXPECT_EQ(client->Send({1}).error().code, ErrorCode::kNetwork);
  EXPECT_EQ(peer.record.WaitFrames(100).size(), 100u);
  EXPECT_THAT(record.WaitClosed().message, HasSubstr("closed here"));
  EXPECT_THAT(peer.record.WaitClosed().message, HasSubstr("closed the connection (code 1000)"));
  EXPECT_EQ(record.closings(), 1);
}

TEST(WebSocket, DestructorFlushes) {
  TestServer peer;
  ASSERT_TRUE(peer.Start(AnyPort(), false));
  Record record;
  auto client = MustDial(peer.url(), record);
  ASSERT_TRUE(client->Send(Pattern(1000)));
  client.reset();
  EXPECT_EQ(record.closings(), 1);
  EXPECT_EQ(peer.record.WaitFrames(1).size(), 1u);
}

TEST(WebSocket, ServerClosesAConnection) {
  TestServer peer;
  ASSERT_TRUE(peer.Start(AnyPort(), false));
  Record record;
  const auto client = MustDial(peer.url(), record);
  const ConnId conn = peer.record.WaitOpened();
  ASSERT_TRUE(peer.server->Send(conn, {7}));
  peer.server->Close(conn);
  EXPECT_EQ(record.WaitFrames(1), std::vector<Bytes>{{7}});
  EXPECT_EQ(record.WaitClosed().code, ErrorCode::kNetwork);
  peer.record.WaitClosed();
  while (peer.server->Send(conn, {8})) std::this_thread::yield();
  EXPECT_EQ(peer.server->Send(conn + 1, {8}).error().code, ErrorCode::kNetwork);
}

TEST(WebSocket, ServerStopsUnderItsClients) {
  TestServer peer;
  ASSERT_TRUE(peer.Start(AnyPort(), false));
  Record records[3];
  std::vector<std::unique_ptr<Connection>> clients;
  for (Record& record : records) clients.push_back(MustDial(peer.url(), record));
  peer.record.WaitOpened(3);
  const WsUrl url = peer.url();
  peer.server->Stop();
  EXPECT_EQ(peer.record.closings(), 3);
  for (Record& record : records) EXPECT_EQ(record.WaitClosed().code, ErrorCode::kNetwork);
  EXPECT_EQ(DialError(url).code, ErrorCode::kNetwork);
  peer.server->Stop();
}

TEST(WebSocket, AsksForItsToken) {
  TestServer peer;
  WsServerOptions options = AnyPort();
  options.token = "open sesame";
  ASSERT_TRUE(peer.Start(options, true));
  const std::string address = peer.url().Authority();
  EXPECT_EQ(DialError(peer.url()), (Error{ErrorCode::kAuth, address + " asks for a token (HTTP 401)"}));
  for (const char* wrong : {"open sesam", "open sesame!", "Open sesame", "x"}) {
    EXPECT_EQ(DialError(peer.url(), wrong),
              (Error{ErrorCode::kAuth, address + " refuses the token (HTTP 401)"}));
  }
  EXPECT_EQ(DialError(peer.url(), "a\r\nHost: b").code, ErrorCode::kUsage);
  Record record;
  const auto client = MustDial(peer.url(), record, {}, "open sesame");
  ASSERT_TRUE(client->Send({1}));
  record.WaitFrames(1);
}

TEST(WebSocket, SaysWhenItIsFull) {
  TestServer peer;
  WsServerOptions options = AnyPort();
  options.max_connections = 1;
  ASSERT_TRUE(peer.Start(options, false));
  Record record;
  auto first = MustDial(peer.url(), record);
  EXPECT_EQ(DialError(peer.url()).code, ErrorCode::kBusy);
  first.reset();
  peer.record.WaitClosed();
  while (DialError(peer.url()).code == ErrorCode::kBusy) std::this_thread::yield();
}

TEST(WebSocket, NobodyListens) {
  uint16_t port = 0;
  {
    RawSocket gone = RawSocket::Listen();
    port = gone.port();
  }
  const Error error = DialError({.host = "127.0.0.1", .port = port});
  EXPECT_EQ(error.code, ErrorCode::kNetwork);
  EXPECT_THAT(error.message, AllOf(HasSubstr(std::to_string(port)), HasSubstr("refused")));
}

TEST(WebSocket, UnknownHost) {
  const Error error = DialError({.host = "no-such-host.invalid", .port = 1});
  EXPECT_EQ(error.code, ErrorCode::kNetwork);
  EXPECT_THAT(error.message, HasSubstr("cannot resolve no-such-host.invalid"));
}

// Accepts one connection, reads the request, sends the answer.
Error DialPeerThatSays(const std::string& answer, const LinkLimits& limits = {}) {
  RawSocket listener = RawSocket::Listen();
  std::thread peer([&] {
    RawSocket accepted = listener.Accept();
    accepted.ReceiveHeader();
    accepted.Send(answer);
    if (limits.connect_timeout_ms < 1000) accepted.ReceiveAll();  // until the client gives up
  });
  const Error error = DialError({.host = "127.0.0.1", .port = listener.port()}, "", limits);
  peer.join();
  return error;
}

TEST(WebSocket, PeersThatAreNoCloud) {
  Error error = DialPeerThatSays("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(error.code, ErrorCode::kProtocol);
  EXPECT_THAT(error.message, HasSubstr("HTTP 404"));
  error = DialPeerThatSays("SSH-2.0-OpenSSH_9.2\r\nmore and more text\r\n\r\n");
  EXPECT_EQ(error.code, ErrorCode::kProtocol);
  EXPECT_THAT(error.message, HasSubstr("is no WebSocket server"));
  error = DialPeerThatSays(
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n"
      "Sec-WebSocket-Accept: bm90IHRoZSByaWdodCBrZXk=\r\n\r\n");
  EXPECT_EQ(error.code, ErrorCode::kProtocol);
  EXPECT_EQ(DialPeerThatSays(std::string(100000, 'x')).code, ErrorCode::kProtocol);
  error = DialPeerThatSays("");
  EXPECT_EQ(error.code, ErrorCode::kNetwork);
  EXPECT_THAT(error.message, HasSubstr("cut the connection"));
}

TEST(WebSocket, PeerThatNeverAnswers) {
  const Error error = DialPeerThatSays("", {.connect_timeout_ms = 100});
  EXPECT_EQ(error.code, ErrorCode::kNetwork);
  EXPECT_THAT(error.message, AllOf(HasSubstr("no WebSocket upgrade"), HasSubstr("within 100 ms")));
}

TEST(WebSocket, RefusesAnOversizedFrame) {
  TestServer peer;
  WsServerOptions options = AnyPort();
  options.limits.max_frame_bytes = 1000;
  ASSERT_TRUE(peer.Start(options, true));
  Record record;
  const auto client = MustDial(peer.url(), record);
  ASSERT_TRUE(client->Send(Pattern(1000)));
  record.WaitFrames(1);
  ASSERT_TRUE(client->Send(Pattern(1001)));
  const Error why = peer.record.WaitClosed();
  EXPECT_EQ(why.code, ErrorCode::kProtocol);
  EXPECT_THAT(why.message, HasSubstr("more than 1000 bytes"));
  EXPECT_THAT(record.WaitClosed().message, HasSubstr("code 1009"));
}

TEST(WebSocket, NoticesAPeerThatFellSilent) {
  TestServer peer;
  WsServerOptions options = AnyPort();
  options.limits.idle_timeout_ms = 100;
  ASSERT_TRUE(peer.Start(options, false));
  RawSocket mute = RawSocket::Connect(peer.server->port());
  mute.Send(
      "GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: upgrade\r\nSec-WebSocket-Version: "
      "13\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
  EXPECT_THAT(mute.ReceiveHeader(), StartsWith("HTTP/1.1 101"));
  peer.record.WaitOpened();
  EXPECT_THAT(peer.record.WaitClosed().message, HasSubstr("no sign of"));
}

TEST(WebSocket, PingsKeepAnIdleConnection) {
  TestServer peer;
  WsServerOptions options = AnyPort();
  options.limits.idle_timeout_ms = 200;
  ASSERT_TRUE(peer.Start(options, true));
  Record record;
  const auto client = MustDial(peer.url(), record);
  const ByteCount before = client->counted();
  while (client->counted().received < before.received + 5 * 2) std::this_thread::yield();  // five pings
  EXPECT_EQ(record.closings(), 0);
  ASSERT_TRUE(client->Send({1}));
  record.WaitFrames(1);
}

}  // namespace
}  // namespace tandem
