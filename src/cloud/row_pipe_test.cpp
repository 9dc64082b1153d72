// Sessions over layers in the middle of a model: rows come in, and all of them go back, in order and by the
// kernels of the whole model.
#include "cloud/row_pipe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cloud/talk.h"

namespace tandem {
namespace {

using testing::IsEmpty;

constexpr ConnId kEdge = 1;

std::vector<Token> Ids(Pos begin, Pos end) {
  std::vector<Token> ids;
  for (Pos at = begin; at < end; ++at) ids.push_back(1 + at % 60);
  return ids;
}

HiddenRows Of(uint32_t epoch, Pos first, const std::vector<Token>& ids) {
  HiddenRows rows = RowsOf(first, ids);
  rows.epoch = epoch;
  return rows;
}

// What has come back, as the ids that the rows stand for, each at its place; where a row came twice or out of
// order, nothing fits any more.
class Returned {
 public:
  explicit Returned(Pos begin = 0) : begin_(begin) {}
  void Read(Talk& talk, ConnId conn) {
    while (const auto back = talk.Next<HiddenBack>(conn)) {
      EXPECT_EQ(back->first, begin_ + static_cast<Pos>(ids_.size()));
      const RowCodec codec = RowCodec::Make(ParseRowCodec("f32").value(), kFakeRowWidth).value();
      const std::vector<float> rows = codec.Decode(back->block, 1000).value();
      for (const float id : rows) ids_.push_back(static_cast<Token>(id));
      epoch_ = back->epoch;
      ++frames_;
    }
  }
  const std::vector<Token>& ids() const { return ids_; }
  uint32_t epoch() const { return epoch_; }
  int frames() const { return frames_; }

 private:
  Pos begin_;
  std::vector<Token> ids_;
  uint32_t epoch_ = 0;
  int frames_ = 0;
};

TEST(RowPipe, EveryRowComesBackByTheKernelsOfThePrompt) {
  const Pos count = 150;
  for (const Pos chunk : {3, 64, 1000}) {
    Talk talk;
    talk.Greet(kEdge);
    talk.Say(kEdge, MiddleOpen(count));
    std::vector<bool> bulk;
    const auto run = [&] {
      while (talk.Plan()) {
        ASSERT_EQ(talk.rows.size(), 1u);
        bulk.insert(bulk.end(), talk.rows[0].tokens.size(), talk.rows[0].bulk);
        talk.Compute();
      }
    };
    for (Pos at = 0; at < count - 1; at += chunk) {
      talk.Say(kEdge, Of(0, at, Ids(at, std::min(count - 1, at + chunk))));
      run();
    }
    Returned returned;
    returned.Read(talk, kEdge);
    EXPECT_EQ(returned.ids(), Ids(0, count - 1)) << chunk;
    EXPECT_EQ(talk.Next<Opened>(kEdge)->length, count);
    for (Pos at = count - 1; at < count + 5; ++at) {
      talk.Say(kEdge, Of(0, at, Ids(at, at + 1)));
      run();
    }
    Returned later(count - 1);
    later.Read(talk, kEdge);
    EXPECT_EQ(later.ids(), Ids(count - 1, count + 5));
    for (Pos at = 0; at < count + 5; ++at) EXPECT_EQ(bulk[static_cast<size_t>(at)], at < 128) << at;
    EXPECT_EQ(talk.engine.steps(), 0u) << "the whole model's engine has nothing to do";
    EXPECT_THAT(talk.closed, IsEmpty());
  }
}

TEST(RowPipe, AHigherEpochReplacesRowsAndNothingOfADeadBranchComesBack) {
  Talk talk;
  talk.Greet(kEdge);
  talk.Say(kEdge, MiddleOpen(8));
  talk.Say(kEdge, Of(0, 0, Ids(0, 12)));
  talk.Run();
  Returned first;
  first.Read(talk, kEdge);
  EXPECT_EQ(first.ids(), Ids(0, 12));
  ASSERT_TRUE(talk.Next<Opened>(kEdge));
  // Four of a branch that dies while they are computed, and two more that arrive late.
  talk.Say(kEdge, Of(0, 12, Ids(12, 16)));
  ASSERT_TRUE(talk.Plan());
  talk.Say(kEdge, Of(1, 10, {50, 51, 52}));
  talk.Say(kEdge, Of(0, 16, Ids(16, 18)));
  talk.Say(kEdge, Of(1, 10, {50, 51, 52}));  // twice
  talk.Compute();
  talk.Run();
  Returned second(10);
  second.Read(talk, kEdge);
  EXPECT_EQ(second.ids(), (std::vector<Token>{50, 51, 52}));
  EXPECT_EQ(second.epoch(), 1u);
  talk.Say(kEdge, Of(1, 13, {53}));
  talk.Run();
  EXPECT_EQ(talk.Next<HiddenBack>(kEdge)->first, 13);
  EXPECT_THAT(talk.closed, IsEmpty());
}

TEST(RowPipe, CodecsWhoseRowsShareSomethingGoByBlocksAndSingly) {
  Talk talk;
  talk.Greet(kEdge);
  Open open = MiddleOpen(72);
  open.cut->codec_back = "int4/tensor";
  ASSERT_FALSE(IsRowLocal(ParseRowCodec(open.cut->codec_back).value()));
  talk.Say(kEdge, open);
  talk.Say(kEdge, Of(0, 0, Ids(0, 75)));
  talk.Run();
  int frames = 0;
  while (const auto back = talk.Next<HiddenBack>(kEdge)) {
    EXPECT_EQ(back->first, frames == 0 ? 0 : 63 + frames);
    ++frames;
  }
  EXPECT_EQ(frames, 1 + 75 - 64);
}

TEST(RowPipe, PipesOverEqualLayersShareStepsAndLeaveNothing) {
  std::vector<FakeEngine*> made;
  ServiceConfig config = TalkConfig();
  config.parts = FakeParts({}, kTalkLayers, &made);
  Talk talk({}, config);
  const std::vector<ConnId> all = {1, 2, 3};
  for (const ConnId conn : all) {
    talk.Greet(conn);
    talk.Say(conn, MiddleOpen(8, conn == 3 ? 2 : 1));
    talk.Say(conn, Of(0, 0, Ids(0, 8)));
  }
  EXPECT_EQ(talk.service.sessions(), 3);
  int steps = 0;
  while (talk.Step()) ++steps;
  EXPECT_EQ(steps, 2);
  for (const ConnId conn : all) {
    Returned returned;
    returned.Read(talk, conn);
    EXPECT_EQ(returned.ids(), Ids(0, 8));
    EXPECT_TRUE(talk.Next<Opened>(conn));
  }
  talk.Say(1, Of(0, 8, Ids(8, 9)));
  ASSERT_TRUE(talk.Plan());
  talk.Disconnect(1);  // during its step
  talk.Compute();
  talk.Say(2, Close{});
  talk.Disconnect(3);
  EXPECT_EQ(talk.service.sessions(), 0);
  ASSERT_EQ(made.size(), 2u);
  for (const FakeEngine* engine : made) EXPECT_EQ(engine->open_sequences(), 0);
}

TEST(RowPipe, AFailedStepAndSilenceEndIt) {
  std::vector<FakeEngine*> made;
  ServiceConfig config = TalkConfig();
  config.parts = FakeParts({}, kTalkLayers, &made);
  Talk talk({}, config);
  for (const ConnId conn : {ConnId{1}, ConnId{2}}) {
    talk.Greet(conn);
    talk.Say(conn, MiddleOpen(8));
  }
  talk.Say(1, Of(0, 0, Ids(0, 8)));
  made.front()->FailNextStep({ErrorCode::kResource, "out of memory"});
  talk.Run();
  EXPECT_EQ(talk.Next<Fault>(1)->code, ErrorCode::kResource);
  talk.Wait(config.session_timeout);
  talk.Tick();
  EXPECT_EQ(talk.Next<Fault>(2)->code, ErrorCode::kNetwork);
  EXPECT_EQ(made.front()->open_sequences(), 0);
}

}  // namespace
}  // namespace tandem
