// What a session whose model is cut may make the cloud hold: rows that can be of use, and admission counts
// them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cloud/talk.h"

namespace tandem {
namespace {

using ::testing::HasSubstr;

constexpr ConnId kFirst = 1, kSecond = 2;
constexpr Pos kPrompt = 200;
// A row takes as much as a position of the caches does.
constexpr FakeEngineConfig kTarget = {.context = 256, .position_bytes = kFakeRowWidth * sizeof(float)};
// A prompt of 200 and all rows that a context of 256 lets come.
constexpr size_t kBefore = 200 + 256, kRoom = Service::kRoomToGrow;

std::vector<Token> Ids(Pos begin, Pos end) {
  std::vector<Token> ids;
  for (Pos at = begin; at < end; ++at) ids.push_back(1 + at % 60);
  return ids;
}

ServiceConfig WithPositions(size_t positions) {
  ServiceConfig config = TalkConfig();
  config.kv_memory = positions * kTarget.position_bytes;
  return config;
}

std::string FaultTold(Talk& talk, ConnId conn) {
  const auto fault = talk.Next<Fault>(conn);
  return fault ? fmt::format("{}: {}", ErrorName(fault->code), fault->message) : "no fault";
}

TEST(RowMemory, RowsThatNoDraftCanNeedCostTheConnection) {
  const int32_t ahead = ServiceConfig{}.max_draft;
  for (const Open& open : {CutOpen(10), MiddleOpen(10)}) {
    Talk talk({.context = 5000});
    for (const ConnId conn : {kFirst, kSecond}) talk.Begin(conn, open);
    talk.Say(kFirst, RowsOf(0, Ids(0, 10 + ahead)));
    EXPECT_FALSE(talk.closed.contains(kFirst)) << FaultTold(talk, kFirst);
    talk.Say(kSecond, RowsOf(0, Ids(0, 10 + ahead + 1)));
    EXPECT_TRUE(talk.closed.contains(kSecond));
    EXPECT_THAT(FaultTold(talk, kSecond), HasSubstr("protocol: a message of 75 rows"));
  }
}

TEST(RowMemory, AdmissionCountsThemWhileTheyMayCome) {
  for (const Open& open : {CutOpen(kPrompt), MiddleOpen(kPrompt)}) {
    Talk talk(kTarget, WithPositions(2 * kBefore + 64));
    talk.Begin(kFirst, open);
    talk.Begin(kSecond, open);
    EXPECT_THAT(FaultTold(talk, kSecond),
                HasSubstr("busy: the caches' memory has room for 520 positions, 712"));
    for (Pos at = 0; at < kPrompt - 1; at += 64)
      talk.Say(kFirst, RowsOf(at, Ids(at, std::min(at + 64, kPrompt - 1))));
    talk.Run();
    talk.Say(kSecond, open);
    EXPECT_EQ(FaultTold(talk, kSecond), "no fault") << "the first one's rows are used up";
  }
}

TEST(RowMemory, ATextThatCanNeverFitIsNotToldToComeBack) {
  Talk talk(kTarget, WithPositions(kBefore + kRoom - 1));
  talk.Begin(kFirst, CutOpen(kPrompt));
  EXPECT_THAT(FaultTold(talk, kFirst), HasSubstr("context: a text of 200 positions and its rows"));
  Talk whole(kTarget, WithPositions(kBefore + kRoom - 1));
  whole.Begin(kFirst, PromptOpen(kPrompt));
  EXPECT_TRUE(whole.Next<Opened>(kFirst)) << "ids take no rows";
  Talk enough(kTarget, WithPositions(kBefore + kRoom));
  enough.Begin(kFirst, CutOpen(kPrompt));
  EXPECT_EQ(FaultTold(enough, kFirst), "no fault");
}

}  // namespace
}  // namespace tandem
