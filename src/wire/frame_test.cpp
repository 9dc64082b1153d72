// Round trips, exact sizes, and what Decode says to bytes that no honest peer sends.
#include "wire/frame.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "wire/frame_samples.h"

namespace tandem {
namespace {

using testing::HasSubstr;

Frame RoundTrip(const Frame& frame) {
  const Result<Frame> decoded = Decode(Encode(frame));
  if (!decoded) throw std::runtime_error(decoded.error().message);
  return *decoded;
}

std::string Refusal(const Bytes& bytes) {
  const Result<Frame> decoded = Decode(bytes);
  if (decoded) return std::string("accepted as ") + FrameName(*decoded);
  EXPECT_EQ(decoded.error().code, ErrorCode::kProtocol);
  return decoded.error().message;
}

RC_GTEST_PROP(Frame, ReturnsAsItWasSent, ()) {
  const Frame frame = *AnyFrame();
  RC_ASSERT(RoundTrip(frame) == frame);
}

RC_GTEST_PROP(Frame, SurvivesDamage, ()) {
  Bytes bytes = Encode(*AnyFrame());
  const int flips = *rc::gen::inRange(1, 8);
  for (int i = 0; i < flips; ++i)
    bytes[*rc::gen::inRange<size_t>(0, bytes.size())] = *rc::gen::arbitrary<uint8_t>();
  const Result<Frame> decoded = Decode(bytes);
  if (decoded) {
    const Bytes again = Encode(*decoded);
    const Result<Frame> twice = Decode(again);
    RC_ASSERT(twice.has_value());
    RC_ASSERT(Encode(*twice) == again);  // bytes, not structs: a damaged float may be a NaN
  } else {
    RC_ASSERT(decoded.error().code == ErrorCode::kProtocol);
    RC_ASSERT(!decoded.error().message.empty());
  }
}

RC_GTEST_PROP(Frame, IsNeverReadWhenCutShort, ()) {
  const Frame frame = *AnyFrame();
  RC_PRE(!std::holds_alternative<Drafts>(frame));          // fewer whole ids are a frame too
  RC_PRE(!std::holds_alternative<Costs>(frame));           // and fewer costs
  RC_PRE(!std::holds_alternative<CodedDrafts>(frame));     // and shorter blocks
  RC_PRE(!std::holds_alternative<VocabularyPart>(frame));  // and fewer bytes
  RC_PRE(!std::holds_alternative<HiddenRows>(frame));      // and fewer of rows
  RC_PRE(!std::holds_alternative<HiddenBack>(frame));
  Bytes bytes = Encode(frame);
  bytes.resize(*rc::gen::inRange<size_t>(0, bytes.size()));
  const Result<Frame> decoded = Decode(bytes);
  // FlatBuffers lay the root table last; a cut that only takes padding may still hold everything.
  if (decoded) RC_ASSERT(*decoded == frame);
}

TEST(Frame, SizesOfTheSteadyState) {
  const std::vector<Token> ids = {500, 8191, 1000, 4000};
  EXPECT_EQ(Encode(Drafts{.epoch = 3, .base = 100, .ids = ids}).size(), 1u + 1 + 1 + 8);
  EXPECT_EQ(Encode(Drafts{.epoch = 3, .base = 200, .ids = ids}).size(), 1u + 1 + 2 + 8);
  EXPECT_EQ(Encode(Drafts{.epoch = 3, .base = 200, .ids = {127'999, 90'000}}).size(), 1u + 1 + 2 + 6);
  EXPECT_EQ(Encode(Drafts{.epoch = 200, .base = 20'000, .ids = {}}).size(), 1u + 2 + 3);
  EXPECT_EQ(
      Encode(Verdict{.epoch = 3, .base = 200, .accepted = 4, .token = 8191, .server_us = 50'000}).size(),
      1u + 1 + 2 + 1 + 2 + 3 + 1 + 1);
  EXPECT_EQ(Encode(Credit{.run_until = 300}).size(), 1u + 2);
  EXPECT_EQ(Encode(Close{}).size(), 1u);
}

TEST(Frame, BytesOfTheExampleInTheDocs) {
  EXPECT_EQ(Encode(Drafts{.epoch = 2, .base = 300, .ids = {500, 8000, 12}}),
            (Bytes{0x05, 0x02, 0xac, 0x02, 0xf4, 0x03, 0xc0, 0x3e, 0x0c}));
  EXPECT_EQ(Encode(Verdict{
                .epoch = 2, .base = 300, .accepted = 1, .token = 7000, .server_us = 41'000, .judged = 3}),
            (Bytes{0x06, 0x02, 0xac, 0x02, 0x01, 0xd8, 0x36, 0xa8, 0xc0, 0x02, 0x03, 0x00}));
}

TEST(Frame, SizesOfControlFrames) {
  EXPECT_EQ(Encode(SampleHello()).size(), 85u);
  EXPECT_EQ(Encode(SampleWelcome()).size(), 197u);
  EXPECT_EQ(Encode(SampleOpen(16)).size(), 105u);
  EXPECT_EQ(Encode(SampleOpen(5000)).size(), 10073u);
  EXPECT_EQ(Encode(Opened{.length = 16, .server_us = 50'000}).size(), 33u);
}

TEST(Frame, RefusesRowsThatCameAfterOpened) {
  EXPECT_THAT(Refusal(Encode(Opened{.length = 3, .server_us = 4, .rows_us = 5})), HasSubstr("rows_us is 5"));
}

TEST(Frame, RefusesUnknownKinds) {
  EXPECT_THAT(Refusal({}), HasSubstr("empty"));
  for (const int kind : {0, 13, 19, 255}) {
    EXPECT_THAT(Refusal({static_cast<uint8_t>(kind), 1, 2, 3}),
                HasSubstr("unknown kind " + std::to_string(kind)));
  }
  EXPECT_THAT(Refusal(Bytes(kMaxFrameBytes + 1, 5)), HasSubstr("8388609 bytes"));
}

TEST(Frame, RefusesEveryShortSteadyFrame) {
  const Bytes verdict =
      Encode(Verdict{.epoch = 300, .base = 2000, .accepted = 4, .token = 5000, .server_us = 9000});
  for (size_t size = 1; size < verdict.size(); ++size) {
    EXPECT_THAT(Refusal(Bytes(verdict.begin(), verdict.begin() + static_cast<long>(size))),
                HasSubstr("Verdict"));
  }
  EXPECT_THAT(Refusal({5, 1}), HasSubstr("base is missing"));
  EXPECT_THAT(Refusal({7}), HasSubstr("run_until is missing"));
}

TEST(Frame, RefusesBytesBehindTheEnd) {
  for (const Frame& frame : {Frame(Verdict{.token = 1}), Frame(Credit{}), Frame(Close{})}) {
    Bytes bytes = Encode(frame);
    bytes.push_back(0);
    EXPECT_THAT(Refusal(bytes), HasSubstr("1 bytes too many"));
  }
}

TEST(Frame, RefusesNumbersOutOfRange) {
  EXPECT_THAT(Refusal(Encode(Drafts{.base = -1})), HasSubstr("base"));
  EXPECT_THAT(Refusal(Encode(Drafts{.base = std::numeric_limits<Pos>::max()})), HasSubstr("base"));
  EXPECT_THAT(Refusal(Encode(Drafts{.ids = {1, -1}})), HasSubstr("id 1"));
  EXPECT_THAT(Refusal(Encode(Verdict{.token = kNoToken})), HasSubstr("token"));
  EXPECT_THAT(Refusal(Encode(Verdict{.accepted = 1025, .token = 1})), HasSubstr("accepted"));
  EXPECT_THAT(Refusal(Encode(Verdict{.token = 1, .server_us = kMaxServerUs + 1})), HasSubstr("server_us"));
  EXPECT_THAT(Refusal(Encode(Verdict{.token = 1, .judged = 1025})), HasSubstr("judged"));
  EXPECT_THAT(Refusal(Encode(Verdict{.token = 1, .waited_us = kMaxServerUs + 1})), HasSubstr("waited_us"));
  EXPECT_THAT(Refusal(Encode(Credit{.run_until = -5})), HasSubstr("run_until"));
  EXPECT_THAT(Refusal({5, 0x80, 0x00, 0}), HasSubstr("epoch"));  // zero in two bytes
}

TEST(Frame, RefusesTooManyDrafts) {
  EXPECT_TRUE(Decode(Encode(Drafts{.ids = std::vector<Token>(kMaxDraftTokens, 7)})));
  EXPECT_THAT(Refusal(Encode(Drafts{.ids = std::vector<Token>(kMaxDraftTokens + 1, 7)})),
              HasSubstr("1024 ids"));
}

TEST(Frame, CodedBlocksAreBounded) {
  EXPECT_TRUE(Decode(Encode(CodedDrafts{.base = 3, .block = Bytes(kMaxCodedBytes, 7)})));
  EXPECT_THAT(Refusal(Encode(CodedDrafts{.base = 3, .block = Bytes(kMaxCodedBytes + 1, 7)})),
              HasSubstr("16385 bytes"));
  EXPECT_THAT(Refusal({11, 1}), HasSubstr("base is missing"));
  Open open = SampleOpen(4);
  open.rule = static_cast<Rule>(3);
  EXPECT_THAT(Refusal(Encode(open)), HasSubstr("rule is 3"));
}

TEST(Frame, CalibrationsAreBoundedAndFinite) {
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN(),
                  kInf = std::numeric_limits<float>::infinity();
  const auto open_with = [](size_t channels, float value, float threshold) {
    RowCalibration calibration{.sink_threshold = threshold};
    calibration.channels.resize(channels, {-1.0f, 1.0f});
    calibration.mean_magnitudes.resize(channels, 0.5f);
    if (channels > 0) calibration.channels.back().high = value;
    Open open = SampleOpen(4);
    open.cut = {.begin = 1, .end = 2, .codec = "int8/channel", .calibration = calibration};
    return open;
  };
  const Open none = open_with(0, 1, kInf), some = open_with(288, 1, kInf);
  EXPECT_EQ(std::get<Open>(*Decode(Encode(some))), some);
  EXPECT_EQ(std::get<Open>(*Decode(Encode(none))), none);
  EXPECT_LT(Encode(some).size() - Encode(none).size(), 288u * 12 + 64);
  EXPECT_TRUE(Decode(Encode(open_with(65536, 1, 3))));
  EXPECT_THAT(Refusal(Encode(open_with(65537, 1, 3))), HasSubstr("65537 channels, more than 65536"));
  for (const float bad : {kNan, kInf, -kInf})
    EXPECT_THAT(Refusal(Encode(open_with(3, bad, 3))), HasSubstr("channel 2 in -1"));
  for (const float bad : {kNan, -1.0f}) {
    EXPECT_THAT(Refusal(Encode(open_with(3, 1, bad))), HasSubstr("threshold"));
    Open back = open_with(3, 1, kInf);
    back.cut->codec_back = "int8/channel";
    back.cut->calibration_back = open_with(3, 1, bad).cut->calibration;
    EXPECT_THAT(Refusal(Encode(back)), HasSubstr("calibration_back"));
  }
}

TEST(Frame, CostsAreBounded) {
  EXPECT_TRUE(Decode(Encode(Costs{std::vector<uint32_t>(kMaxCosts, 60'000)})));
  EXPECT_THAT(Refusal(Encode(Costs{std::vector<uint32_t>(kMaxCosts + 1, 1)})), HasSubstr("64 costs"));
  EXPECT_THAT(Refusal({10, 0xff, 0xff, 0xff, 0xff, 0x7f}), HasSubstr("cost 0 is no number"));
  EXPECT_THAT(Refusal({10, 0x80}), HasSubstr("cost 0"));
}

TEST(Frame, RefusesOpensThatMakeNoSense) {
  const auto with = [](auto change) {
    Open open = SampleOpen(16);
    change(open);
    return Encode(open);
  };
  EXPECT_THAT(Refusal(with([](Open& o) { o.ids.clear(), o.spans.clear(); })), HasSubstr("no ids"));
  EXPECT_THAT(Refusal(with([](Open& o) { o.ids[3] = -7; })), HasSubstr("id 3"));
  EXPECT_THAT(Refusal(with([](Open& o) { o.run_until = -1; })), HasSubstr("run_until is -1"));
  EXPECT_THAT(Refusal(with([](Open& o) { o.spans = {{0, 17}}; })), HasSubstr("[0, 17)"));
  EXPECT_THAT(Refusal(with([](Open& o) { o.spans = {{4, 4}}; })), HasSubstr("[4, 4)"));
  EXPECT_THAT(Refusal(with([](Open& o) { o.spans = {{-1, 4}}; })), HasSubstr("[-1, 4)"));
  EXPECT_THAT(Refusal(with([](Open& o) {
                o.spans = {{0, 8}, {7, 9}};
              })),
              HasSubstr("[7, 9) after position 8"));
  EXPECT_THAT(Refusal(with([](Open& o) { o.spans.assign(kMaxSpans + 1, {0, 1}); })), HasSubstr("4097"));
  EXPECT_THAT(Refusal(with([](Open& o) { o.ids.assign(kMaxOpenTokens + 1, 1); })), HasSubstr("1048576 ids"));
}

TEST(Frame, RefusesTablesWithoutWhatTheyNeed) {
  for (const uint8_t kind : {1, 2, 3, 4, 8}) {
    EXPECT_THAT(Refusal({kind}), HasSubstr("damaged"));
    EXPECT_THAT(Refusal({kind, 255, 255, 255, 255}), HasSubstr("damaged"));
    EXPECT_THAT(Refusal(Bytes(4096, kind)), HasSubstr("damaged"));
  }
  // An Opened table has none of a Hello's required fields.
  Bytes opened = Encode(Opened{.length = 3, .server_us = 4});
  opened[0] = static_cast<uint8_t>(FrameKind::kHello);
  EXPECT_THAT(Refusal(opened), HasSubstr("Hello frame: its table is damaged"));
}

TEST(Frame, RefusesAFaultCodeFromTheFuture) {
  EXPECT_THAT(Refusal(Encode(Fault{.code = static_cast<ErrorCode>(10), .message = "m"})),
              HasSubstr("code is 10"));
}

TEST(Frame, KeepsANonFiniteFloatForTheReceiverToRefuse) {
  Open open = SampleOpen(4);
  open.sampling.temperature = std::numeric_limits<float>::quiet_NaN();
  EXPECT_TRUE(std::isnan(std::get<Open>(RoundTrip(open)).sampling.temperature));
}

TEST(Frame, TellsAnotherVersionsHello) {
  Hello hello = SampleHello();
  hello.version = 7;
  EXPECT_EQ(std::get<Hello>(RoundTrip(hello)).version, 7u);
}

TEST(Frame, ClientWithoutAVocabulary) {
  const Hello hello{.software = "thin", .has_vocab = false};
  EXPECT_EQ(std::get<Hello>(RoundTrip(hello)), hello);
}

TEST(Frame, AVocabularyInParts) {
  Welcome welcome = SampleWelcome();
  const size_t without = Encode(welcome).size();
  welcome.vocabulary = VocabularyOffer{.bytes = kMaxVocabularyBytes, .digest = Digest{7, 8}};
  EXPECT_EQ(std::get<Welcome>(RoundTrip(welcome)), welcome);
  EXPECT_GT(Encode(welcome).size(), without);  // those who did not ask for it do not pay for it
  for (const size_t bytes : {size_t{0}, kMaxVocabularyBytes + 1}) {
    welcome.vocabulary->bytes = static_cast<uint32_t>(bytes);
    EXPECT_THAT(Refusal(Encode(welcome)), HasSubstr("vocabulary has " + std::to_string(bytes)));
  }
  EXPECT_EQ(Encode(VocabularyWanted{.offset = 300}), (Bytes{18, 0xac, 2}));
  EXPECT_EQ(Encode(VocabularyPart{.offset = 300, .bytes = {9, 8}}), (Bytes{16, 0xac, 2, 9, 8}));
  EXPECT_THAT(Refusal(Encode(VocabularyWanted{.offset = kMaxVocabularyBytes})), HasSubstr("offset"));
  EXPECT_THAT(Refusal(Encode(VocabularyPart{.offset = kMaxVocabularyBytes, .bytes = {1}})),
              HasSubstr("offset"));
  EXPECT_THAT(Refusal(Encode(VocabularyPart{})), HasSubstr("0 bytes"));
  EXPECT_TRUE(Decode(Encode(VocabularyPart{.bytes = Bytes(kMaxVocabularyPart)})));
  EXPECT_THAT(Refusal(Encode(VocabularyPart{.bytes = Bytes(kMaxVocabularyPart + 1)})), HasSubstr("262145"));
}

TEST(Frame, CleansTextItSends) {
  const Fault fault{.code = ErrorCode::kProtocol,
                    .message = "bad\x1b[31m\n" + std::string(2 * kMaxText, 'x')};
  const std::string message = std::get<Fault>(RoundTrip(fault)).message;
  EXPECT_EQ(message.substr(0, 9), "bad [31m ");
  EXPECT_EQ(message.size(), kMaxText);
}

TEST(Frame, RefusesDirtyTextItReceives) {
  Bytes bytes = Encode(Fault{.code = ErrorCode::kBusy, .message = "abcdefgh"});
  const Bytes needle = {'c', 'd', 'e'};
  const auto at = std::search(bytes.begin(), bytes.end(), needle.begin(), needle.end());
  ASSERT_NE(at, bytes.end());
  *at = 0x1b;
  EXPECT_THAT(Refusal(bytes), HasSubstr("message is no UTF-8 text"));
  *at = 0xff;
  EXPECT_THAT(Refusal(bytes), HasSubstr("message is no UTF-8 text"));
}

}  // namespace
}  // namespace tandem
