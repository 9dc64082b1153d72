// Order, forgetting and waking of the Inbox.
#include "cloud/inbox.h"

#include <gtest/gtest.h>

#include <thread>

namespace tandem {
namespace {

constexpr Micros kLong{20'000'000};  // a test that passes never waits for it

TEST(Inbox, GivesAllThatWaitsInOrder) {
  Inbox inbox;
  inbox.Opened(1, Micros{5});
  inbox.Frame(1, {7}, Micros{6});
  inbox.Opened(2, Micros{7});
  const std::deque<InboxEvent> events = inbox.Take(kLong);
  ASSERT_EQ(events.size(), 3u);
  EXPECT_EQ(events[0].kind, InboxEvent::Kind::kOpened);
  EXPECT_EQ(events[1].kind, InboxEvent::Kind::kFrame);
  EXPECT_EQ(events[1].frame, Bytes{7});
  EXPECT_EQ(events[1].arrived, Micros{6});
  EXPECT_EQ(events[2].conn, 2u);
  EXPECT_TRUE(inbox.Take(Micros{0}).empty());
}

TEST(Inbox, ForgetsWhatAClosedConnectionLeft) {
  Inbox inbox;
  inbox.Opened(1, Micros{0});
  inbox.Take(Micros{0});
  inbox.Frame(1, {1}, Micros{0});
  inbox.Frame(2, {2}, Micros{0});
  inbox.Closed(1, Micros{0});
  const std::deque<InboxEvent> events = inbox.Take(Micros{0});
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0].conn, 2u);
  EXPECT_EQ(events[1].kind, InboxEvent::Kind::kClosed);
}

// However often peers come and go while nobody takes, nothing piles up.
TEST(Inbox, AConnectionThatNobodySawLeavesNothing) {
  Inbox inbox;
  for (uint64_t conn = 1; conn <= 1000; ++conn) {
    inbox.Opened(conn, Micros{0});
    inbox.Frame(conn, Bytes(100), Micros{0});
    inbox.Closed(conn, Micros{0});
  }
  EXPECT_EQ(inbox.size(), 0u);
}

TEST(Inbox, WakesItsTaker) {
  Inbox inbox;
  std::thread other([&] { inbox.Wake(); });
  EXPECT_TRUE(inbox.Take(kLong).empty());
  other.join();
  std::thread sender([&] { inbox.Frame(1, {1}, Micros{0}); });
  EXPECT_EQ(inbox.Take(kLong).size(), 1u);
  sender.join();
}

}  // namespace
}  // namespace tandem
