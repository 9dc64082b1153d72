// Both ends of a cut model at the edge: what leaves, and what is believed of what comes back. The texts that
// come of it are tests/conversation_test's.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "decode/fake_engine.h"
#include "edge/split_back.h"
#include "edge/split_front.h"

namespace tandem {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

const std::vector<Token> kText = {1, 2, 3, 4, 5};

RowCodec Exact() {
  return RowCodec::Make(ParseRowCodec("f32").value(), 1).value();
}

HiddenBack Back(Pos first, const std::vector<float>& ids, uint32_t epoch = 0) {
  return {.epoch = epoch, .first = first, .block = Exact().Encode({ids, 1}, first).value()};
}

class SplitEnds : public testing::Test {
 protected:
  static Open TheOpen() {
    Open open{.ids = {5}, .spans = {{0, 4}}, .sampling = {.seed = 77, .temperature = 0.3f}, .epoch = 2};
    open.cut = {.begin = 1, .end = 3, .codec = "f32", .codec_back = "f32", .untold = 4};
    return open;
  }
  // What leaves when the loop says this.
  std::vector<Frame> Out(const Frame& frame) {
    std::vector<Frame> out;
    EXPECT_TRUE(back_.Leaves(frame));
    EXPECT_TRUE(front_.Pass(Encode(frame), kText, [&](Bytes b) { out.push_back(Decode(b).value()); }));
    return out;
  }
  std::string Breach(const HiddenBack& rows) {
    const Status status = back_.Take(rows);
    if (status) return "fine";
    EXPECT_EQ(status.error().code, ErrorCode::kProtocol);
    return status.error().message;
  }

  FakeEngine front_engine_{{.output_width = 1}};
  FakeEngine back_engine_{{.input_width = 1}};
  SplitFront front_{front_engine_, Exact(), 1, 4};
  SplitBack back_{back_engine_, Exact()};
};

TEST_F(SplitEnds, NoIdDraftOrSamplingLeaves) {
  std::vector<Frame> out = Out(TheOpen());
  ASSERT_EQ(out.size(), 2u);
  const Open& open = std::get<Open>(out[0]);
  EXPECT_THAT(open.ids, IsEmpty());
  EXPECT_EQ(open.Length(), kText.size());
  EXPECT_EQ(open.sampling, SamplingParams{});
  EXPECT_EQ(open.spans, TheOpen().spans);
  EXPECT_EQ(std::get<HiddenRows>(out[1]).first, 0);
  out = Out(Drafts{.epoch = 2, .base = 5, .ids = {6, 7}});
  ASSERT_EQ(out.size(), 1u);
  const HiddenRows& rows = std::get<HiddenRows>(out[0]);
  EXPECT_EQ(rows.first, 4);
  EXPECT_FALSE(rows.asks);
  EXPECT_THAT(rows.ids, IsEmpty());
  EXPECT_EQ(Exact().Decode(rows.block, 100).value(), (std::vector<float>{5, 6, 7}));
  EXPECT_THAT(Out(Drafts{.epoch = 2, .base = 7}), IsEmpty()) << "the cloud has all rows, and is not asked";
}

TEST_F(SplitEnds, JudgesOnceTheRowsAreBackAndTheLoopWaits) {
  Out(TheOpen());
  ASSERT_TRUE(back_.Take(Back(0, {1, 2, 3, 4}, 2)));
  ASSERT_TRUE(back_.Take(Back(0, {1, 2, 3, 4}, 2))) << "what comes twice is dropped";
  EXPECT_EQ(back_.Next(kText).value(), std::nullopt) << "nobody waits";
  Out(Drafts{.epoch = 2, .base = 5, .ids = {63, 6}});
  EXPECT_EQ(back_.Next(kText).value(), std::nullopt) << "rows are missing";
  ASSERT_TRUE(back_.Take(Back(4, {5, 63, 6}, 2)));
  const auto verdict = back_.Next(kText).value();
  ASSERT_TRUE(verdict);
  EXPECT_EQ(verdict->base, 5);
  EXPECT_EQ(verdict->judged, 2);
  EXPECT_EQ(verdict->accepted, 0) << "of the fake model's 64 ids another one follows";
  EXPECT_NE(verdict->token, 63);
  EXPECT_EQ(back_engine_.Length(0), 5) << "rows of the dead branch are forgotten";
  std::vector<Token> text = kText;
  text.push_back(verdict->token);
  EXPECT_EQ(back_.Next(text).value(), std::nullopt);
  EXPECT_EQ(Breach(Back(5, {1}, 2)), "fine") << "rows of a branch that died are nobody's";
  Out(Drafts{.epoch = 3, .base = 6});
  ASSERT_TRUE(back_.Take(Back(5, {static_cast<float>(verdict->token)}, 3)));
  EXPECT_EQ(back_.Next(text).value()->base, 6);
}

TEST_F(SplitEnds, RefusesRowsThatCannotBe) {
  EXPECT_THAT(Breach(Back(0, {1})), HasSubstr("before a session"));
  Out(TheOpen());
  EXPECT_THAT(Breach(Back(0, {1}, 3)), HasSubstr("epoch 3, the session is at 2"));
  EXPECT_THAT(Breach(Back(1, {1}, 2)), HasSubstr("from position 1 on"));
  HiddenBack garbage = Back(0, {1}, 2);
  garbage.block = {0xff};
  EXPECT_THAT(Breach(garbage), HasSubstr("rows"));
  EXPECT_THAT(Breach(Back(0, std::vector<float>(600, 1), 2)), HasSubstr("rows"));
  EXPECT_THAT(Breach(Back(0, {1, 2, 3, 4, 5, 6}, 2)), HasSubstr("6 rows in 25 bytes, 1..4 of"));
}

}  // namespace
}  // namespace tandem
