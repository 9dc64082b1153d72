// Tests of ws url.
#include "wire/ws_url.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace tandem {
namespace {

TEST(WsUrl, ReadsItsParts) {
  const auto url = ParseWsUrl("ws://cloud.example:8765/a/b?c");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->host, "cloud.example");
  EXPECT_EQ(url->port, 8765);
  EXPECT_EQ(url->path, "/a/b?c");
  EXPECT_FALSE(url->tls);
  EXPECT_EQ(url->Authority(), "cloud.example:8765");
}

TEST(WsUrl, HasDefaults) {
  EXPECT_EQ(ParseWsUrl("ws://h")->port, 80);
  EXPECT_EQ(ParseWsUrl("ws://h")->path, "/");
  EXPECT_EQ(ParseWsUrl("wss://h/")->port, 443);
  EXPECT_TRUE(ParseWsUrl("wss://h")->tls);
}

TEST(WsUrl, PutsIPv6InBrackets) {
  const auto url = ParseWsUrl("ws://[fe80::1%eth0]:81");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->host, "fe80::1%eth0");
  EXPECT_EQ(url->Authority(), "[fe80::1%eth0]:81");
  EXPECT_EQ(ParseHostPort("[::1]:0")->ToString(), "[::1]:0");
}

TEST(WsUrl, RefusesEverythingElse) {
  for (const char* text :
       {"",           "ws://",       "http://h",      "h:1",         "WS://h",      "ws://:1",
        "ws://h:",    "ws://h:0",    "ws://h:65536",  "ws://h:1x",   "ws://h:+1",   "ws://u:p@h",
        "ws://::1",   "ws://[::1",   "ws://[]:1",     "ws://[7a%0]", "ws://[::1]1", "ws://a b",
        "ws://h/a b", "ws://h/\x01", "ws://h\r\nX: y"}) {
    const auto url = ParseWsUrl(text);
    ASSERT_FALSE(url) << text;
    EXPECT_EQ(url.error().code, ErrorCode::kUsage);
  }
  EXPECT_FALSE(ParseWsUrl("ws://" + std::string(254, 'a')));
  EXPECT_FALSE(ParseHostPort("127.0.0.1"));
  EXPECT_FALSE(ParseHostPort("::1:80"));
}

RC_GTEST_PROP(WsUrl, NeverBreaks, (std::string text)) {
  const auto url = ParseWsUrl("ws://" + text);
  if (url) {
    const auto again = ParseWsUrl("ws://" + url->Authority() + url->path);
    RC_ASSERT(again.has_value());
    RC_ASSERT(again->host == url->host && again->port == url->port && again->path == url->path);
  }
}

TEST(WsUrl, KnowsThisMachinesOwnAddresses) {
  for (const char* own : {"localhost", "127.0.0.1", "127.255.3.4", "::1"})
    EXPECT_TRUE(IsLoopback(own)) << own;
  for (const char* other : {"128.0.0.1", "0.0.0.0", "::", "::2", "localhost.example.org", "126.0.0.1", ""}) {
    EXPECT_FALSE(IsLoopback(other)) << other;
  }
}

}  // namespace
}  // namespace tandem
