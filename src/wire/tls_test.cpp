// wss:// over loopback: what passes and what is counted, each certificate that must not be believed, each
// pair of files that makes no cloud, and strangers at the door.
#include "wire/tls.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <thread>

#include "testing/certificates.h"
#include "testing/scratch_files.h"
#include "wire/raw_socket.h"
#include "wire/websocket_peers.h"

namespace tandem {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class Tls : public testing::ScratchFiles {
 protected:
  static WsServerOptions Secured(const testing::CertificateFiles& files) {
    WsServerOptions options = AnyPort();
    auto tls = TlsOfCloud(files.cert, files.key);
    EXPECT_TRUE(tls) << tls.error().message;
    if (tls) options.tls = *tls;
    return options;
  }
  static WsUrl Secure(const TestServer& peer, const std::string& host = "127.0.0.1") {
    return {.host = host, .port = peer.server->port(), .tls = true};
  }
  Result<std::unique_ptr<Connection>> Dial(const WsUrl& url, Record& record, const LinkLimits& limits = {}) {
    auto trust = TlsOfEdge(authority_.ca_file());
    if (!trust) return Forward(trust);
    return DialWebSocket(url, "", limits, record.Callbacks(), *trust);
  }
  Error DialError(const WsUrl& url, const LinkLimits& limits = {}) {
    Record ignored;
    const auto connection = Dial(url, ignored, limits);
    return connection ? Error{ErrorCode::kInternal, "connected"} : connection.error();
  }
  // What an edge says of a cloud that shows this certificate.
  Error DialErrorAt(const testing::CertificateFiles& files, const std::string& host = "127.0.0.1") {
    TestServer peer;
    EXPECT_TRUE(peer.Start(Secured(files), true));
    return DialError(Secure(peer, host));
  }

  testing::CertificateAuthority authority_{folder()};
};

TEST_F(Tls, EchoesFramesOfAllSizesInOrder) {
  TestServer peer;
  ASSERT_TRUE(peer.Start(Secured(authority_.Issue("cloud")), true));
  for (const char* host : {"127.0.0.1", "localhost"}) {
    Record record;
    const auto client = Dial(Secure(peer, host), record);
    ASSERT_TRUE(client) << client.error().message;
    std::vector<Bytes> sent;
    for (const size_t size : {0, 1, 125, 126, 65535, 65536, 1 << 20, 8 << 20, 3}) {
      sent.push_back(Pattern(size));
      ASSERT_TRUE((*client)->Send(sent.back()));
    }
    EXPECT_TRUE(record.WaitFrames(sent.size()) == sent);
  }
}

// A record of TLS 1.3 costs 22 bytes: 5 of header, 1 of content type, 16 of authentication tag.
TEST_F(Tls, CountsRecordsAndHandshakeOnBothSides) {
  constexpr uint64_t kRecord = 22;
  TestServer peer;
  ASSERT_TRUE(peer.Start(Secured(authority_.Issue("cloud")), true));
  Record record;
  const auto client = Dial(Secure(peer), record);
  ASSERT_TRUE(client) << client.error().message;
  const ByteCount upgraded = (*client)->counted();
  EXPECT_GT(upgraded.sent, 174u + 250);      // ClientHello and Finished beside the HTTP request
  EXPECT_GT(upgraded.received, 145u + 500);  // the certificate is in there
  ASSERT_TRUE((*client)->Send(Pattern(20)));
  record.WaitFrames(1);
  EXPECT_EQ((*client)->counted().sent, upgraded.sent + 2 + 4 + 20 + kRecord);
  EXPECT_EQ((*client)->counted().received, upgraded.received + 2 + 20 + kRecord);

  (*client)->Close();
  record.WaitClosed();
  EXPECT_THAT(peer.record.WaitClosed().message, HasSubstr("closed the connection (code 1000)"));
  peer.server->Stop();
  EXPECT_EQ(peer.server->counted().received, (*client)->counted().sent);
  EXPECT_EQ(peer.server->counted().sent, (*client)->counted().received);
}

TEST_F(Tls, CloseFlushesFirst) {
  TestServer peer;
  ASSERT_TRUE(peer.Start(Secured(authority_.Issue("cloud")), false));
  Record record;
  const auto client = Dial(Secure(peer), record);
  ASSERT_TRUE(client) << client.error().message;
  for (int i = 0; i < 100; ++i) ASSERT_TRUE((*client)->Send(Pattern(10000)));
  (*client)->Close();
  EXPECT_EQ(peer.record.WaitFrames(100).size(), 100u);
  EXPECT_THAT(record.WaitClosed().message, HasSubstr("closed here"));
}

TEST_F(Tls, StillAsksForTheToken) {
  TestServer peer;
  WsServerOptions options = Secured(authority_.Issue("cloud"));
  options.token = "open sesame";
  ASSERT_TRUE(peer.Start(options, true));
  EXPECT_EQ(DialError(Secure(peer)),
            (Error{ErrorCode::kAuth, Secure(peer).Authority() + " asks for a token (HTTP 401)"}));
}

// ---- Certificates that must not be believed ----

TEST_F(Tls, AnExpiredCertificate) {
  const Error error = DialErrorAt(authority_.Issue("old", {.begins = -7200, .ends = -3600}));
  EXPECT_EQ(error.code, ErrorCode::kAuth);
  EXPECT_THAT(error.message,
              AllOf(StartsWith("the certificate of 127.0.0.1:"), HasSubstr("has expired"), HasSubstr("GMT")));
}

TEST_F(Tls, ACertificateOfTomorrow) {
  const Error error = DialErrorAt(authority_.Issue("early", {.begins = 3600, .ends = 7200}));
  EXPECT_EQ(error.code, ErrorCode::kAuth);
  EXPECT_THAT(error.message, HasSubstr("is not valid before"));
}

TEST_F(Tls, AnUnknownIssuer) {
  testing::CertificateAuthority stranger(folder(), "stranger");
  const Error error = DialErrorAt(stranger.Issue("cloud"));
  EXPECT_EQ(error.code, ErrorCode::kAuth);
  EXPECT_THAT(error.message, AllOf(HasSubstr("stranger"), HasSubstr("nobody here vouches for")));
}

TEST_F(Tls, ASelfSignedCertificateIsBelievedOnlyByName) {
  testing::CertificateAuthority self(folder(), "self");
  const testing::CertificateFiles files{Path("self.pem"), Path("self.key")};
  EXPECT_EQ(DialErrorAt(files).code, ErrorCode::kAuth);
}

TEST_F(Tls, ACertificateOfAnotherHost) {
  for (const char* names : {"DNS:example.org,IP:10.0.0.1", "DNS:127.0.0.1"}) {
    const Error error = DialErrorAt(authority_.Issue("other", {.names = names}));
    EXPECT_EQ(error.code, ErrorCode::kAuth) << error.message;
    EXPECT_THAT(error.message, AllOf(HasSubstr("is made out to DNS:"), HasSubstr("not to 127.0.0.1")));
  }
  EXPECT_THAT(DialErrorAt(authority_.Issue("other", {.names = "IP:127.0.0.1"}), "localhost").message,
              HasSubstr("not to localhost"));
  EXPECT_THAT(DialErrorAt(authority_.Issue("nobody", {.names = ""})).message, HasSubstr("to nobody"));
}

TEST_F(Tls, TheSystemsStoreIsAskedByDefault) {
  TestServer peer;
  ASSERT_TRUE(peer.Start(Secured(authority_.Issue("cloud")), true));
  const auto connection = DialWebSocket(Secure(peer), "", {}, {});
  ASSERT_FALSE(connection);  // it does not know our authority
  EXPECT_EQ(connection.error().code, ErrorCode::kAuth);
}

// ---- Files that make no side ----

TEST_F(Tls, FilesOfAnEdge) {
  Result<std::shared_ptr<const TlsContext>> trust = TlsOfEdge(Path("missing.pem"));
  ASSERT_FALSE(trust);
  EXPECT_EQ(trust.error().code, ErrorCode::kFile);
  EXPECT_THAT(trust.error().message, AllOf(HasSubstr("missing.pem"), HasSubstr("No such file")));
  trust = TlsOfEdge(Write("empty.pem", ""));
  ASSERT_FALSE(trust);
  EXPECT_THAT(trust.error().message, HasSubstr("empty.pem holds no certificate in PEM form"));
  EXPECT_EQ(TlsOfEdge(folder()).error().code, ErrorCode::kFile);  // a directory
}

TEST_F(Tls, FilesOfACloud) {
  const testing::CertificateFiles cloud = authority_.Issue("cloud"), other = authority_.Issue("other");
  const auto refusal = [](const std::string& cert, const std::string& key) {
    const auto tls = TlsOfCloud(cert, key);
    return tls ? Error{ErrorCode::kInternal, "taken"} : tls.error();
  };
  for (const Error& error : {refusal(Path("no.pem"), cloud.key), refusal(cloud.cert, Path("no.pem"))}) {
    EXPECT_EQ(error.code, ErrorCode::kFile);
    EXPECT_THAT(error.message, AllOf(HasSubstr("no.pem"), HasSubstr("No such file")));
  }
  EXPECT_THAT(refusal(cloud.key, cloud.key).message, HasSubstr("cloud.key holds no certificate in PEM form"));
  EXPECT_THAT(refusal(cloud.cert, cloud.cert).message, HasSubstr("cloud.pem holds no key in PEM form"));
  EXPECT_EQ(refusal(cloud.cert, other.key),
            (Error{ErrorCode::kFile, fmt::format("the key in {} does not belong to the certificate in {}",
                                                 other.key, cloud.cert)}));
}

TEST_F(Tls, AKeyOfAnotherKindDoesNotBelongEither) {
  const testing::CertificateFiles cloud = authority_.Issue("cloud");
  EVP_PKEY* rsa = EVP_RSA_gen(2048);
  FILE* file = fopen(Path("rsa.key").c_str(), "w");
  PEM_write_PrivateKey(file, rsa, nullptr, nullptr, 0, nullptr, nullptr);
  fclose(file);
  file = fopen(Path("locked.key").c_str(), "w");
  PEM_write_PrivateKey(file, rsa, EVP_aes_128_cbc(), reinterpret_cast<const unsigned char*>("pw"), 2, nullptr,
                       nullptr);
  fclose(file);
  EVP_PKEY_free(rsa);
  EXPECT_THAT(TlsOfCloud(cloud.cert, Path("rsa.key")).error().message, HasSubstr("does not belong"));
  EXPECT_THAT(TlsOfCloud(cloud.cert, Path("locked.key")).error().message, HasSubstr("without a password"));
}

// ---- The wrong kind of peer ----

TEST_F(Tls, PlainWsAtAWssPort) {
  TestServer peer;
  ASSERT_TRUE(peer.Start(Secured(authority_.Issue("cloud")), true));
  EXPECT_EQ(DialError(peer.url()),
            (Error{ErrorCode::kProtocol, peer.url().Authority() + " speaks wss:// only (HTTP 426)"}));
}

TEST_F(Tls, WssAtAPlainPort) {
  TestServer peer;
  ASSERT_TRUE(peer.Start(AnyPort(), true));
  EXPECT_EQ(DialError(Secure(peer)),
            (Error{ErrorCode::kProtocol,
                   peer.url().Authority() + " answers without TLS: wss:// is not spoken there"}));
}

// Listens, accepts one connection, and does with it what `behave` says.
template <class Behave>
Error DialPeerThat(Behave behave, const std::function<Error(const WsUrl&)>& dial) {
  RawSocket listener = RawSocket::Listen();
  std::thread peer([&] {
    RawSocket accepted = listener.Accept();
    behave(accepted);
  });
  const Error error = dial({.host = "127.0.0.1", .port = listener.port(), .tls = true});
  peer.join();
  return error;
}

TEST_F(Tls, PeersThatCutOrStallOrTalkNonsense) {
  const auto dial = [this](const WsUrl& url) { return DialError(url, {.connect_timeout_ms = 200}); };
  Error error = DialPeerThat([](RawSocket& peer) { peer.Close(); }, dial);
  EXPECT_EQ(error.code, ErrorCode::kNetwork);
  EXPECT_THAT(error.message, HasSubstr("cut the connection during the TLS handshake"));
  error = DialPeerThat([](RawSocket& peer) { peer.ReceiveAll(); }, dial);
  EXPECT_EQ(error.code, ErrorCode::kNetwork);
  EXPECT_THAT(error.message, AllOf(HasSubstr("no TLS handshake"), HasSubstr("within 200 ms")));
  error = DialPeerThat(
      [](RawSocket& peer) {
        peer.Send(std::string("\x16\x03\x03\x00\x04\xff\xff\xff\xff", 9));
        peer.ReceiveAll();
      },
      dial);
  EXPECT_EQ(error.code, ErrorCode::kProtocol) << error.message;
  EXPECT_THAT(error.message, HasSubstr("no TLS 1.3 with 127.0.0.1"));
}

// One side of OpenSSL that knows nothing newer than TLS 1.2.
struct OldTls {
  SSL_CTX* context;
  SSL* ssl;
  OldTls(const SSL_METHOD* method, int fd) : context(SSL_CTX_new(method)) {
    SSL_CTX_set_max_proto_version(context, TLS1_2_VERSION);
    ssl = SSL_new(context);
    SSL_set_fd(ssl, fd);
  }
  ~OldTls() {
    SSL_free(ssl);
    SSL_CTX_free(context);
  }
};

TEST_F(Tls, AServerThatIsTooOld) {
  const testing::CertificateFiles files = authority_.Issue("cloud");
  const Error error = DialPeerThat(
      [&](RawSocket& peer) {
        OldTls old(TLS_server_method(), peer.fd());
        SSL_use_certificate_file(old.ssl, files.cert.c_str(), SSL_FILETYPE_PEM);
        SSL_use_PrivateKey_file(old.ssl, files.key.c_str(), SSL_FILETYPE_PEM);
        EXPECT_NE(SSL_accept(old.ssl), 1);
      },
      [this](const WsUrl& url) { return DialError(url); });
  EXPECT_EQ(error.code, ErrorCode::kProtocol);
  EXPECT_THAT(error.message, HasSubstr("does not speak TLS 1.3"));
}

TEST_F(Tls, AClientThatIsTooOld) {
  TestServer peer;
  ASSERT_TRUE(peer.Start(Secured(authority_.Issue("cloud")), true));
  RawSocket socket = RawSocket::Connect(peer.server->port());
  OldTls old(TLS_client_method(), socket.fd());
  EXPECT_NE(SSL_connect(old.ssl), 1);
}

// ---- Strangers at the door ----

TEST_F(Tls, OutlivesStrangersInTheHandshake) {
  TestServer peer;
  WsServerOptions options = Secured(authority_.Issue("cloud"));
  options.limits.connect_timeout_ms = 300;
  ASSERT_TRUE(peer.Start(options, true));
  Record record;
  const auto present = Dial(Secure(peer), record);
  ASSERT_TRUE(present) << present.error().message;

  std::vector<RawSocket> strangers;
  const std::string record_of_nothing("\x16\x03\x01\x02\x00\x01", 6);
  for (const std::string& bytes :
       {std::string("\x80garbage"), std::string(70000, '\x16'), record_of_nothing, std::string()}) {
    strangers.push_back(RawSocket::Connect(peer.server->port()));
    strangers.back().Send(bytes);
  }
  ASSERT_TRUE((*present)->Send({1}));  // while they are at it
  record.WaitFrames(1);
  Record late;
  EXPECT_TRUE(Dial(Secure(peer), late));
  for (RawSocket& stranger : strangers) stranger.ReceiveAll();  // all cut, by rule or by time-out
  ASSERT_TRUE((*present)->Send({2}));
  record.WaitFrames(2);
  EXPECT_EQ(record.closings(), 0);
}

// The slots for handshakes are taken by peers that say nothing; those who are in go on, and the time-out
// frees the slots.
TEST_F(Tls, StalledHandshakesGiveTheirSlotsBack) {
  TestServer peer;
  WsServerOptions options = Secured(authority_.Issue("cloud"));
  options.limits.connect_timeout_ms = 500;
  ASSERT_TRUE(peer.Start(options, true));
  Record record;
  const auto present = Dial(Secure(peer), record);
  ASSERT_TRUE(present) << present.error().message;
  std::vector<RawSocket> silent;
  for (int i = 0; i < 70; ++i) silent.push_back(RawSocket::Connect(peer.server->port()));
  ASSERT_TRUE((*present)->Send({1}));
  record.WaitFrames(1);
  for (RawSocket& socket : silent) socket.ReceiveAll();
  EXPECT_EQ(DialError(Secure(peer)).message, "connected");
}

TEST_F(Tls, AnswersHealthChecks) {
  TestServer peer;
  ASSERT_TRUE(peer.Start(Secured(authority_.Issue("cloud")), true));
  RawSocket socket = RawSocket::Connect(peer.server->port());
  SSL_CTX* context = SSL_CTX_new(TLS_client_method());
  SSL* ssl = SSL_new(context);
  SSL_set_fd(ssl, socket.fd());
  ASSERT_EQ(SSL_connect(ssl), 1);
  const std::string request = "GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n";
  SSL_write(ssl, request.data(), static_cast<int>(request.size()));
  std::string answer;
  char buffer[1000];
  for (int got = 0; (got = SSL_read(ssl, buffer, sizeof buffer)) > 0;)
    answer.append(buffer, static_cast<size_t>(got));
  EXPECT_THAT(answer, AllOf(StartsWith("HTTP/1.1 200 OK"), ::testing::EndsWith("ok\n")));
  EXPECT_EQ(SSL_get_shutdown(ssl) & SSL_RECEIVED_SHUTDOWN, SSL_RECEIVED_SHUTDOWN);  // a proper goodbye
  SSL_free(ssl);
  SSL_CTX_free(context);
}

}  // namespace
}  // namespace tandem
