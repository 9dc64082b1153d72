// Dialling several clouds in turn.
#include "edge/dialer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tandem {
namespace {

using ::testing::HasSubstr;

// Ports where nobody listens: the refusal tells who was dialled.
std::string Dialled(const Dialer& dial) {
  const auto connection = dial({});
  return connection ? "(connected)" : connection.error().message;
}

TEST(Dialer, GoesOnToTheNextCloudWithEachCall) {
  const auto three = MakeDialer(std::vector<CloudRoute>{
      {"ws://127.0.0.1:1", "", {}}, {"ws://127.0.0.1:2", "", {}}, {"ws://127.0.0.1:3", "", {}}});
  ASSERT_TRUE(three);
  const Dialer first = *three;
  for (const char* port : {":1:", ":2:", ":3:", ":1:", ":2:"}) EXPECT_THAT(Dialled(first), HasSubstr(port));
  const Dialer second = *three;  // the next text begins where the last one ended
  for (const char* port : {":2:", ":3:"}) EXPECT_THAT(Dialled(second), HasSubstr(port));
}

TEST(Dialer, OneCloudIsDialledAgainAndAgain) {
  const auto one = MakeDialer(std::vector<CloudRoute>{{"ws://127.0.0.1:1", "", {}}});
  ASSERT_TRUE(one);
  for (int i = 0; i < 3; ++i) EXPECT_THAT(Dialled(*one), HasSubstr(":1:"));
}

TEST(Dialer, EveryAddressIsCheckedAtOnce) {
  const auto wrong = MakeDialer(std::vector<CloudRoute>{{"ws://127.0.0.1:1", "", {}}, {"http://x", "", {}}});
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code, ErrorCode::kUsage);
  EXPECT_THAT(wrong.error().message, HasSubstr("http://x"));
}

}  // namespace
}  // namespace tandem
