// Peers that break the protocol lose their connection, hear why, and hurt nobody else.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <random>

#include "cloud/talk.h"

namespace tandem {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

constexpr ConnId kHonest = 1;
constexpr ConnId kRogue = 2;

struct Breach {
  const char* name;
  std::vector<Frame> frames;  // said after the connection, in order; the last is the breach
  ErrorCode code;
  const char* says;
};

const Hello kHello{.software = "edge", .vocab = TalkConfig().vocab};

Hello HelloWith(uint32_t version, VocabIdentity vocab) {
  return {.version = version, .software = "old edge", .vocab = vocab};
}

std::vector<Breach> Breaches() {
  const VocabIdentity vocab = TalkConfig().vocab;
  const Open open = PromptOpen(8);
  Open high = open, greedy = open, crossed = open, cold = open;
  const Open cut = CutOpen(8);
  Open other_model = cut, no_codec = cut, deep = cut, laws = cut;
  other_model.cut->identity = Digest{9};
  no_codec.cut->codec = "int9";
  deep.cut->begin = kTalkLayers + 1;
  laws.run_until = 20;
  const Open middle = MiddleOpen(8);
  Open weighed_back = middle;
  weighed_back.cut->codec_back = "mix:int4:f16:0.5";
  const RowCalibration wide{.channels = {{-1, 1}, {-1, 1}}, .mean_magnitudes = {1, 1}};
  Open uncalibrated = cut, wide_rows = cut, crossed_range = cut, uncalibrated_back = middle;
  uncalibrated.cut->codec = wide_rows.cut->codec = crossed_range.cut->codec = "int8/channel";
  wide_rows.cut->calibration = wide;
  crossed_range.cut->calibration = {.channels = {{2, 1}}, .mean_magnitudes = {1}};
  uncalibrated_back.cut->codec_back = "int8/channel";
  Open told = middle, no_way_back = middle, no_codec_back = middle, two_heads = middle, nothing = middle;
  told.ids = {1}, told.cut->untold = 7;
  no_way_back.cut->codec_back = "";
  no_codec_back.cut->codec_back = "int9";
  two_heads.cut->end = kTalkLayers;
  nothing.cut->end = nothing.cut->begin;
  HiddenRows within = RowsOf(32, {1});
  within.epoch = 1;
  const HiddenRows prompt = RowsOf(0, {1, 2, 3, 4, 5, 6, 7});
  HiddenRows gap = RowsOf(2, {3}), garbage = prompt, short_drafts = RowsOf(7, {8});
  garbage.block = {1, 2, 3};
  short_drafts.asks = true, short_drafts.base = 8, short_drafts.ids = {1, 2};
  high.ids[2] = 64;
  greedy.run_until = 1 << 30;
  crossed.spans = {{4, 8}, {2, 4}};
  cold.sampling.top_p = 2.0f;
  return {
      {"another version", {HelloWith(7, vocab)}, ErrorCode::kProtocol, "speaks protocol 7"},
      {"another vocabulary", {HelloWith(kProtocolVersion, {65, Digest{7}})}, ErrorCode::kModel, "65 ids"},
      {"other tokens", {HelloWith(kProtocolVersion, {64, Digest{8}})}, ErrorCode::kModel, "64 ids"},
      {"two Hellos", {kHello, kHello}, ErrorCode::kProtocol, "second Hello"},
      {"Open first", {open}, ErrorCode::kProtocol, "Open before Hello"},
      {"Drafts first", {Drafts{}}, ErrorCode::kProtocol, "Drafts before Hello"},
      {"Close first", {Close{}}, ErrorCode::kProtocol, "Close before Hello"},
      {"Drafts without a session", {kHello, Drafts{}}, ErrorCode::kProtocol, "without a session"},
      {"Credit without a session",
       {kHello, Credit{.run_until = 5}},
       ErrorCode::kProtocol,
       "without a session"},
      {"Drafts after Close",
       {kHello, open, Close{}, Drafts{.base = 8}},
       ErrorCode::kProtocol,
       "without a session"},
      {"two Opens", {kHello, open, open}, ErrorCode::kProtocol, "while a session is open"},
      {"a cloud's frame", {kHello, open, Verdict{.token = 1}}, ErrorCode::kProtocol, "does not send Verdict"},
      {"a cloud's greeting", {kHello, open, Opened{}}, ErrorCode::kProtocol, "does not send Opened"},
      {"a prompt past the context", {kHello, PromptOpen(512)}, ErrorCode::kContext, "512"},
      {"a strange id", {kHello, high}, ErrorCode::kProtocol, "id 64"},
      {"credit past the context", {kHello, greedy}, ErrorCode::kProtocol, "1073741824"},
      {"spans out of order", {kHello, crossed}, ErrorCode::kProtocol, "[2, 4) after position 8"},
      {"sampling nonsense", {kHello, cold}, ErrorCode::kUsage, "top_p is 2"},
      {"a gap", {kHello, open, Drafts{.base = 9, .ids = {1}}}, ErrorCode::kProtocol, "begin at 9"},
      {"drafts of the past",
       {kHello, open, Drafts{.base = 3, .ids = std::vector<Token>(9, 1)}},
       ErrorCode::kProtocol,
       "begin at 3"},
      {"an epoch to come", {kHello, open, Drafts{.epoch = 9, .base = 8}}, ErrorCode::kProtocol, "epoch 9"},
      {"a strange draft", {kHello, open, Drafts{.base = 8, .ids = {1000}}}, ErrorCode::kProtocol, "id 1000"},
      {"a flood",
       {kHello, open, Drafts{.base = 8, .ids = std::vector<Token>(65, 1)}},
       ErrorCode::kProtocol,
       "65"},
      {"rows of a whole model", {kHello, open, prompt}, ErrorCode::kProtocol, "not cut"},
      {"a part of another model", {kHello, other_model}, ErrorCode::kModel, "model 09"},
      {"a codec that does not exist", {kHello, no_codec}, ErrorCode::kProtocol, "int9"},
      {"channels that nobody calibrated",
       {kHello, uncalibrated},
       ErrorCode::kProtocol,
       "0 calibrated channels"},
      {"a calibration of wider rows", {kHello, wide_rows}, ErrorCode::kProtocol, "2 calibrated channels"},
      {"a channel from 2 to 1", {kHello, crossed_range}, ErrorCode::kProtocol, "calibrated to 2..1"},
      {"channels back that nobody calibrated",
       {kHello, uncalibrated_back},
       ErrorCode::kProtocol,
       "0 calibrated channels"},
      {"a cut behind the last layer", {kHello, deep}, ErrorCode::kUsage, "layers 5 to 4"},
      {"credit where the model is cut", {kHello, laws}, ErrorCode::kProtocol, "credit to 20"},
      {"rows with a gap", {kHello, cut, gap}, ErrorCode::kProtocol, "from position 2 on"},
      {"rows that are none", {kHello, cut, garbage}, ErrorCode::kProtocol, "rows"},
      {"drafts without rows", {kHello, cut, prompt, short_drafts}, ErrorCode::kProtocol, "drafts up to 10"},
      {"drafts instead of rows",
       {kHello, cut, prompt, Drafts{.base = 8, .ids = {1}}},
       ErrorCode::kProtocol,
       "without rows"},
      {"an ask before its rows",
       {kHello, cut, prompt, Drafts{.base = 8}},
       ErrorCode::kProtocol,
       "without rows"},
      {"ids though the head is the edge's", {kHello, told}, ErrorCode::kProtocol, "tells 1 ids"},
      {"a middle without a way back", {kHello, no_way_back}, ErrorCode::kUsage, "layers 1 to 3 of 4"},
      {"a way back whose rows compete", {kHello, weighed_back}, ErrorCode::kProtocol, "importance"},
      {"a way back that does not exist", {kHello, no_codec_back}, ErrorCode::kProtocol, "int9"},
      {"a way back behind the head", {kHello, two_heads}, ErrorCode::kUsage, "layers 1 to 4 of 4"},
      {"a middle of nothing", {kHello, nothing}, ErrorCode::kUsage, "layers 1 to 1 of 4"},
      {"rows back with a gap", {kHello, middle, gap}, ErrorCode::kProtocol, "from position 2 on"},
      {"rows back that are none", {kHello, middle, garbage}, ErrorCode::kProtocol, "rows"},
      {"drafts where rows come back", {kHello, middle, short_drafts}, ErrorCode::kProtocol, "with 2 drafts"},
      {"an ask where rows come back",
       {kHello, middle, prompt, Drafts{.base = 8}},
       ErrorCode::kProtocol,
       "Drafts where rows alone"},
      {"half a prompt's block replaced",
       {kHello, MiddleOpen(100), within},
       ErrorCode::kProtocol,
       "from position 32 on are replaced"},
      {"more credit where the model is cut",
       {kHello, cut, prompt, Credit{.run_until = 9}},
       ErrorCode::kProtocol,
       "credit to 9"},
      {"credit taken back",
       {kHello, open, Credit{.run_until = 9}, Credit{.run_until = 8}},
       ErrorCode::kProtocol,
       "position 8, had 9"},
  };
}

TEST(Hostile, EveryBreachCostsItsPeerTheConnectionAndNobodyElse) {
  const Open open = PromptOpen(12, 4, 60);
  const std::vector<Token> text = StraightText({}, open, 60);
  for (const Breach& breach : Breaches()) {
    Talk talk;
    talk.Greet(kHonest);
    talk.Say(kHonest, open);
    talk.Connect(kRogue);
    for (const Frame& frame : breach.frames) {
      talk.Step();
      talk.heard[kRogue].clear();
      talk.Say(kRogue, frame);
    }
    const std::optional<Fault> fault = talk.Next<Fault>(kRogue);
    ASSERT_TRUE(fault) << breach.name;
    EXPECT_EQ(fault->code, breach.code) << breach.name << ": " << fault->message;
    EXPECT_THAT(fault->message, HasSubstr(breach.says)) << breach.name;
    EXPECT_EQ(talk.closed, std::set<ConnId>{kRogue}) << breach.name;
    EXPECT_EQ(talk.engine.open_sequences(), 1) << breach.name;
    talk.Say(kRogue, kHello);
    EXPECT_THAT(talk.heard[kRogue], IsEmpty()) << breach.name << ": it is not listened to any more";

    talk.Run();
    ASSERT_TRUE(talk.Next<Opened>(kHonest)) << breach.name;
    for (Pos at = 12; at < 60; ++at) {
      ASSERT_EQ(talk.Next<Verdict>(kHonest)->token, text[static_cast<size_t>(at)]) << breach.name;
    }
  }
}

TEST(Hostile, AFaultFromTheEdgeEndsItsConnectionWithoutAnAnswer) {
  Talk talk;
  talk.Begin(kRogue, PromptOpen(8));
  talk.heard.clear();
  talk.Say(kRogue, Fault{.code = ErrorCode::kInternal, .message = "the edge gives up"});
  EXPECT_THAT(talk.heard[kRogue], IsEmpty());
  EXPECT_EQ(talk.closed, std::set<ConnId>{kRogue});
  EXPECT_EQ(talk.engine.open_sequences(), 0);
}

TEST(Hostile, StaleDraftsCostNothing) {
  Talk talk;
  Open open = PromptOpen(8);
  open.epoch = 5;
  talk.Begin(kRogue, open);
  const uint64_t steps = talk.engine.steps();
  for (int i = 0; i < 10'000; ++i) {
    talk.Say(kRogue, Drafts{.epoch = 4, .base = 8 + i % 50, .ids = std::vector<Token>(64, 1000)});
  }
  talk.Run();
  EXPECT_EQ(talk.engine.steps(), steps);
  EXPECT_THAT(talk.closed, IsEmpty());
  talk.Disconnect(kRogue);
  EXPECT_EQ(talk.service.stats().drafts_stale, 640'000u);
}

// Frames with a spark of sense: the right kind with values that may be right.
Frame Plausible(std::mt19937_64& random) {
  const auto below = [&](uint64_t n) { return static_cast<int32_t>(random() % n); };
  std::vector<Token> ids(random() % 12);
  for (Token& id : ids) id = below(below(8) == 0 ? 100 : 64);
  switch (below(12)) {
    case 0:
      return kHello;
    case 8:
      return below(3) == 0 ? CutOpen(1 + below(200)) : MiddleOpen(1 + below(200), 1 + below(2));
    case 9:
    case 10:
    case 11: {
      HiddenRows rows =
          RowsOf(below(4) == 0 ? below(200) : 0, std::vector<Token>(1 + random() % 90, below(64)));
      rows.epoch = static_cast<uint32_t>(below(4));
      rows.asks = below(10) == 0;
      return rows;
    }
    case 1:
    case 2: {
      Open open = PromptOpen(1 + below(300), random(), below(4) == 0 ? below(320) : 0);
      if (below(4) == 0) open.spans = {{below(20), below(400)}};
      return open;
    }
    case 3:
      return Credit{.run_until = below(320)};
    case 4:
      return Close{};
    default:
      return Drafts{.epoch = static_cast<uint32_t>(below(2)), .base = 1 + below(310), .ids = ids};
  }
}

Bytes Noise(std::mt19937_64& random) {
  Bytes bytes = Encode(Plausible(random));
  const int flips = random() % 3 == 0 ? 1 + static_cast<int>(random() % 4) : 0;
  for (int i = 0; i < flips; ++i) bytes[random() % bytes.size()] ^= static_cast<uint8_t>(1u << random() % 8);
  if (random() % 16 == 0) bytes.resize(random() % (bytes.size() + 1));
  return bytes;
}

// One honest edge streams while rogues come, talk and go; its text is that of its seed, and in the end
// nothing is left of anybody.
RC_GTEST_PROP(Hostile, NoiseHurtsNobodyElse, ()) {
  std::mt19937_64 random(*rc::gen::arbitrary<uint64_t>());
  const FakeEngineConfig target{.context = 320, .max_sequences = 5, .max_rows = 96};
  const Open open = PromptOpen(70, random(), 100);
  const std::vector<Token> text = StraightText(target, open, 100);
  std::vector<FakeEngine*> made;
  ServiceConfig config = TalkConfig();
  FakeEngineConfig parts = target;
  parts.max_sequences = 8;
  config.parts = FakeParts(parts, kTalkLayers, &made);
  Talk talk(target, config);
  talk.Greet(kHonest);
  talk.Say(kHonest, open);
  for (int i = 0; i < 150; ++i) {
    const ConnId rogue = 2 + random() % 4 + 10 * static_cast<uint64_t>(i / 30);
    if (random() % 6 == 0) talk.Greet(rogue);
    if (random() % 20 == 0) talk.Disconnect(rogue);
    talk.SayBytes(rogue, Noise(random));
    if (random() % 4 == 0 && talk.Plan()) {
      talk.SayBytes(rogue, Noise(random));
      if (random() % 4 == 0) talk.Disconnect(rogue);
      talk.Compute();
    }
  }
  talk.Run();
  RC_ASSERT(talk.Next<Opened>(kHonest).has_value());
  for (Pos at = 70; at < 100; ++at) {
    RC_ASSERT(talk.Next<Verdict>(kHonest).value().token == text[static_cast<size_t>(at)]);
  }
  RC_ASSERT(talk.closed.count(kHonest) == 0);
  for (ConnId conn = 1; conn < 60; ++conn) talk.Disconnect(conn);
  RC_ASSERT(talk.engine.open_sequences() == 0);
  for (const FakeEngine* part : made) RC_ASSERT(part->open_sequences() == 0);
  RC_ASSERT(talk.service.sessions() == 0);
  RC_ASSERT(talk.failed_steps == 0);
}

}  // namespace
}  // namespace tandem
