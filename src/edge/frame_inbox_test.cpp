// Order, bounds, and what an overrun costs.
#include "edge/frame_inbox.h"

#include <gtest/gtest.h>

#include <thread>

namespace tandem {
namespace {

TEST(FrameInbox, KeepsTheOrderOfAConnectionAndItsEnd) {
  FrameInbox inbox;
  inbox.Frame(1, {10});
  inbox.Frame(1, {11});
  inbox.Closed(1, {ErrorCode::kNetwork, "gone"});
  inbox.Frame(2, {20});
  EXPECT_EQ(inbox.Take(Micros{0})->frame, Bytes{10});
  EXPECT_EQ(inbox.Take(Micros{0})->frame, Bytes{11});
  EXPECT_EQ(inbox.Take(Micros{0})->closed->message, "gone");
  EXPECT_EQ(inbox.Take(Micros{0})->connection, 2u);
  EXPECT_FALSE(inbox.Take(Micros{0}));
}

TEST(FrameInbox, TooManyFramesEndTheConnectionOnce) {
  FrameInbox inbox;
  for (size_t i = 0; i < FrameInbox::kMaxFrames + 10; ++i) inbox.Frame(1, {1});
  inbox.Closed(1, {ErrorCode::kNetwork, "late"});
  for (size_t i = 0; i < FrameInbox::kMaxFrames; ++i) ASSERT_FALSE(inbox.Take(Micros{0})->closed);
  const std::optional<LinkEvent> last = inbox.Take(Micros{0});
  ASSERT_TRUE(last && last->closed);
  EXPECT_EQ(last->closed->code, ErrorCode::kProtocol);
  EXPECT_NE(last->closed->message.find("4096"), std::string::npos);
  EXPECT_FALSE(inbox.Take(Micros{0}));
  inbox.Frame(2, {2});  // the next connection begins afresh
  EXPECT_EQ(inbox.Take(Micros{0})->frame, Bytes{2});
}

TEST(FrameInbox, TooManyBytesEndTheConnectionAndTakenBytesMakeRoom) {
  FrameInbox inbox;
  const Bytes big(FrameInbox::kMaxBytes / 4);
  for (int i = 0; i < 4; ++i) inbox.Frame(1, big);
  ASSERT_FALSE(inbox.Take(Micros{0})->closed);
  inbox.Frame(1, big);
  for (int i = 0; i < 4; ++i) ASSERT_FALSE(inbox.Take(Micros{0})->closed);
  for (int i = 0; i < 5; ++i) inbox.Frame(1, big);
  for (int i = 0; i < 4; ++i) ASSERT_FALSE(inbox.Take(Micros{0})->closed);
  EXPECT_TRUE(inbox.Take(Micros{0})->closed);
}

TEST(FrameInbox, WakesTheTaker) {
  FrameInbox inbox;
  std::thread transport([&] { inbox.Frame(3, {30}); });
  const std::optional<LinkEvent> event = inbox.Take(Micros{60'000'000});
  transport.join();
  ASSERT_TRUE(event);
  EXPECT_EQ(event->connection, 3u);
}

}  // namespace
}  // namespace tandem
