// What the meter must find: everything where nothing hides it, and nothing that is not there.
#include "lab/leak.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "lab/reencoding.h"
#include "model/random_model.h"

namespace tandem {
namespace {

using ::testing::HasSubstr;

constexpr int kVocab = 128;

// A random model of 3 layers over 128 ids, whose text means nothing: no prediction helps.
class LeakTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    path_ = std::filesystem::path(::testing::TempDir()) / fmt::format("leak.{}.gguf", getpid());
    WriteRandom(64, path_);
  }
  static void TearDownTestSuite() { std::filesystem::remove(path_); }

  static void WriteRandom(int width, const std::string& path) {
    RandomModelSpec spec;
    spec.like = TANDEM_SOURCE_DIR "/models/demo-draft-q8_0.gguf";
    spec.layers = 3;
    spec.width = width;
    spec.heads = width / 4;
    spec.kv_heads = spec.heads;
    spec.ff = 2 * width;
    spec.vocab = kVocab;
    spec.context = 128;
    spec.type = GGML_TYPE_F32;
    spec.seed = 3;
    ASSERT_TRUE(WriteRandomModel(spec, path));
  }

  static std::unique_ptr<ModelAtCut> AtCut(int below, int candidates = kVocab) {
    auto model = ModelAtCut::Load(path_, below, {.candidates = candidates});
    EXPECT_TRUE(model) << model.error().message;
    return std::move(*model);
  }

  static LeakPlan SmallPlan() {
    LeakPlan plan;
    plan.known = 300;
    plan.prompts = 3;
    plan.prompt_tokens = 12;
    plan.generated = 5;
    plan.candidates = kVocab;
    plan.sampling.seed = 1;
    return plan;
  }

  static LeakText SomeText(size_t tokens = 400) {
    LeakText text;
    uint32_t state = 5;
    for (size_t i = 0; i < tokens; ++i) {
      state = state * 1664525u + 1013904223u;
      text.tokens.push_back(static_cast<Token>((state >> 8) % kVocab));
    }
    text.first = 1;
    return text;
  }

  static LeakReport Measure(int below, const char* codec, const LeakPlan& plan = SmallPlan(),
                            const LeakText& text = SomeText()) {
    const auto model = AtCut(below, static_cast<int>(kLeakStep));
    auto report = MeasureLeak(*model, ParseRowCodec(codec).value(), text, plan, [] { return true; });
    EXPECT_TRUE(report) << report.error().message;
    return std::move(*report);
  }

  static void ExpectAll(const Recovered& recovered) { EXPECT_EQ(recovered.right, recovered.of); }

  static inline std::string path_;
};

constexpr size_t kNearest = 0, kProbe = 1, kReencoding = 2, kPrediction = 3;

TEST_F(LeakTest, EmbeddingsAsTheyAreGiveEveryTokenAway) {
  const LeakReport report = Measure(0, "f32");
  for (const size_t reading : {kNearest, kReencoding}) {
    ExpectAll(report.readings[reading].prompt);
    ExpectAll(report.readings[reading].generated);
  }
  EXPECT_GT(report.readings[kProbe].prompt.share(), 0.9);
  EXPECT_EQ(report.nll, report.coded_nll);
  EXPECT_EQ(report.metric, RowMetric::kEuclid);
  EXPECT_FALSE(report.centred);
}

TEST_F(LeakTest, EveryTokenButTheBeginTokenIsCounted) {
  const LeakPlan plan = SmallPlan();
  const LeakReport report = Measure(1, "f16", plan);
  ASSERT_EQ(report.readings.size(), 4u);
  for (const LeakReading& reading : report.readings) {
    EXPECT_EQ(reading.prompt.of, plan.prompts * plan.prompt_tokens) << reading.name;
    EXPECT_EQ(reading.generated.of, report.generated.rows) << reading.name;
  }
  EXPECT_EQ(report.generated.rows, plan.prompts * plan.generated);
  EXPECT_EQ(report.prompt.rows, plan.prompts * (plan.prompt_tokens + 1));
  EXPECT_EQ(report.prompt.bytes, plan.prompts * (1 + 2 * 64 * (plan.prompt_tokens + 1)));  // docs/codecs.md
  EXPECT_EQ(report.generated.bytes, report.generated.rows * (1 + 2 * 64));
  EXPECT_EQ(report.scored, plan.known + plan.prompts * plan.prompt_tokens);
}

// Trying every id must find every id at any depth, since no other id has that row.
TEST_F(LeakTest, ReencodingWithAllIdsFindsEveryTokenBehindEveryLayer) {
  for (const int below : {1, 2}) {
    for (const char* codec : {"f32", "int8", "ternary"}) {
      const LeakReport report = Measure(below, codec);
      ExpectAll(report.readings[kReencoding].prompt);
      ExpectAll(report.readings[kReencoding].generated);
    }
  }
}

TEST_F(LeakTest, ACoarseCodecCostsQualityAndSavesBytes) {
  const LeakReport coarse = Measure(2, "ternary/tensor");
  EXPECT_NE(coarse.coded_nll, coarse.nll);
  EXPECT_EQ(coarse.generated.bytes, coarse.generated.rows * (1 + 4 + 13));  // docs/codecs.md: ceil(64 / 5)
}

// The meter reads the rows: what is not in them is not found.
TEST_F(LeakTest, RowsThatSayNothingGiveNothingAway) {
  const auto model = AtCut(1);
  const LeakText text = SomeText();
  constexpr size_t kRows = 60;
  const auto ids = std::span<const Token>(text.tokens).first(kRows);
  Reencoding plan;
  plan.per_row = plan.candidates = kVocab;
  plan.at_once = 50;
  for (size_t i = 0; i < kRows * kVocab; ++i) plan.proposals.push_back(static_cast<Token>(i % kVocab));
  const auto share = [&](const std::vector<float>& rows) {
    const auto read = Reencode(*model, rows, {}, plan).value();
    size_t right = 0;
    for (size_t i = 0; i < kRows; ++i) right += read[i] == ids[i];
    return static_cast<double>(right) / static_cast<double>(kRows);
  };
  EXPECT_EQ(share(model->RowsOf(ids).value()), 1.0);
  EXPECT_LT(share(std::vector<float>(kRows * 64)), 0.2);
}

// Ids drawn at random cannot be told from those before them.
TEST_F(LeakTest, PredictionKnowsNothingOfRandomIds) {
  EXPECT_LT(Measure(1, "f32").readings[kPrediction].prompt.share(), 0.2);
}

// ... but the model's own likeliest ids can.
TEST_F(LeakTest, PredictionKnowsWhatTheModelTakesForLikeliest) {
  LeakPlan plan = SmallPlan();
  plan.sampling.temperature = 0;
  ExpectAll(Measure(1, "f32", plan).readings[kPrediction].generated);
}

TEST_F(LeakTest, ATextMayEndEarlyAndBeginWithoutABeginToken) {
  LeakPlan plan = SmallPlan();
  plan.sampling.temperature = 0;
  LeakText text = SomeText();
  for (Token id = 0; id < kVocab; ++id) text.ends.push_back(id);
  text.first = kNoToken;
  const LeakReport report = Measure(0, "f32", plan, text);
  EXPECT_EQ(report.generated.rows, 0u);
  EXPECT_EQ(report.readings[kNearest].generated.of, 0u);
  EXPECT_EQ(report.prompt.rows, plan.prompts * plan.prompt_tokens);
  ExpectAll(report.readings[kReencoding].prompt);
  EXPECT_EQ(report.readings[kPrediction].prompt.of, plan.prompts * (plan.prompt_tokens - 1));
}

TEST_F(LeakTest, CalibratedCodecsAreCalibratedOnTheKnownText) {
  EXPECT_GT(Measure(1, "int8/channel").readings[kNearest].prompt.of, 0u);
  EXPECT_GT(Measure(1, "int4/g32/sink").readings[kNearest].prompt.of, 0u);
}

TEST_F(LeakTest, PlansThatDoNotFitAreRefused) {
  const auto model = AtCut(1);
  const auto expect = [&](const LeakPlan& plan, const LeakText& text, ErrorCode code, const char* figure) {
    const auto report = MeasureLeak(*model, ParseRowCodec("f16").value(), text, plan, [] { return true; });
    ASSERT_FALSE(report) << figure;
    EXPECT_EQ(report.error().code, code);
    EXPECT_THAT(report.error().message, HasSubstr(figure));
  };
  LeakPlan plan = SmallPlan();
  expect(plan, SomeText(335), ErrorCode::kFile, "335 tokens, 300 known ones and 3 prompts of 12 need 336");
  plan.known = 63;
  expect(plan, SomeText(), ErrorCode::kUsage, "63 known tokens, expected 64");
  plan = SmallPlan();
  plan.generated = 116;
  expect(plan, SomeText(), ErrorCode::kContext, "texts of 129 tokens exceed the context of 128");
  plan = SmallPlan();
  plan.prompts = 0;
  expect(plan, SomeText(), ErrorCode::kUsage, "0 prompts");
  plan = SmallPlan();
  plan.sampling.temperature = -1;
  expect(plan, SomeText(), ErrorCode::kUsage, "-1");
  LeakText foreign = SomeText();
  foreign.tokens[10] = kVocab;
  expect(SmallPlan(), foreign, ErrorCode::kUsage, "id 128");
}

TEST_F(LeakTest, ACutThatPassesNoPromptIsRefused) {
  const auto model = AtCut(3);
  const auto report =
      MeasureLeak(*model, ParseRowCodec("f16").value(), SomeText(), SmallPlan(), [] { return true; });
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, ErrorCode::kUsage);
  EXPECT_THAT(report.error().message, HasSubstr("above all 3 layers"));
}

TEST_F(LeakTest, CodecsThatNeedAnImportanceAreRefused) {
  const auto model = AtCut(1);
  const auto report = MeasureLeak(*model, ParseRowCodec("mix:int4:f32:0.5").value(), SomeText(), SmallPlan(),
                                  [] { return true; });
  ASSERT_FALSE(report);
  EXPECT_THAT(report.error().message, HasSubstr("importance"));
}

TEST_F(LeakTest, StopsWhenTold) {
  const auto model = AtCut(1);
  size_t steps = 0;
  const auto count = [&](size_t most) {
    steps = 0;
    return MeasureLeak(*model, ParseRowCodec("f16").value(), SomeText(), SmallPlan(),
                       [&, most] { return ++steps < most; });
  };
  EXPECT_FALSE(count(2));
  EXPECT_EQ(steps, 2u);
  EXPECT_TRUE(count(1000));
  EXPECT_EQ(steps, LeakSteps(SmallPlan()));
}

// Of rows of 8 digits many ids look alike, but the right one looks exactly so.
TEST_F(LeakTest, ACandidateIsComparedAsTheCodecLeavesIt) {
  const std::string path = path_ + ".narrow";
  WriteRandom(8, path);
  const auto model = ModelAtCut::Load(path, 1, {.candidates = kVocab}).value();
  std::filesystem::remove(path);
  const RowCodec codec = RowCodec::Make(ParseRowCodec("ternary").value(), 8).value();
  constexpr size_t kRows = 60;
  const LeakText text = SomeText();
  const auto ids = std::span<const Token>(text.tokens).first(kRows);
  const auto rows = model->RowsOf(ids).value();
  const auto decoded = codec.Decode(codec.Encode({rows, 8}, 0).value(), kRows).value();
  Reencoding plan;
  plan.per_row = plan.candidates = kVocab;
  plan.at_once = 50;
  for (size_t i = 0; i < kRows * kVocab; ++i) plan.proposals.push_back(static_cast<Token>(i % kVocab));
  const auto right = [&](const RowCodec* through) {
    plan.codec = through;
    const auto read = Reencode(*model, decoded, ids.first(1), plan).value();
    size_t count = 0;
    for (size_t i = 0; i < kRows; ++i) count += read[i] == ids[i];
    return count;
  };
  EXPECT_GT(right(&codec), kRows * 9 / 10);
  EXPECT_LT(right(nullptr), right(&codec));
}

TEST_F(LeakTest, ReencodingRefusesProposalsThatDoNotFit) {
  const auto model = AtCut(1, 4);
  const std::vector<float> rows(3 * 64);
  const std::vector<Token> known(4, 1);
  EXPECT_EQ(Reencode(*model, rows, {}, {{1, 2}, 1, 4, 4}).error().code, ErrorCode::kUsage);
  EXPECT_EQ(Reencode(*model, rows, {}, {{}, 0, 4, 4}).error().code, ErrorCode::kUsage);
  EXPECT_EQ(Reencode(*model, rows, known, {{1, 2, 3}, 1, 4, 4}).error().code, ErrorCode::kUsage);
  EXPECT_EQ(Reencode(*model, rows, {}, {{1, 2, 3}, 1, 4, 0}).error().code, ErrorCode::kUsage);
}

}  // namespace
}  // namespace tandem
