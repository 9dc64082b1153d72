// Perplexities against an independent computation, codecs that change nothing or something, and runs that are
// taken up again.
#include "lab/perplexity_run.h"

#include <gtest/gtest.h>

#include <cmath>

#include "decode/ggml_engine.h"

namespace tandem {
namespace {

const std::string kModel = TANDEM_SOURCE_DIR "/models/demo-draft-q8_0.gguf";
constexpr Pos kContext = 64;

EvaluatedText SomeText(const WindowPlan& plan, size_t tokens = 150) {
  EvaluatedText text;
  for (size_t i = 0; i < tokens; ++i)
    text.tokens.push_back(static_cast<Token>((5 + i * 37 + i * i / 3) % 400));
  text.windows = PlanWindows(plan, tokens).value();
  return text;
}

WindowPlan SomePlan() {
  return {WindowForm::kHf, VoteWeight::kHf, kContext, 24, 0};
}

std::unique_ptr<StageChain> Chain(std::vector<int> cuts) {
  return StageChain::Load(kModel, cuts, {.context = kContext}).value();
}

CutPoint Point(const StageChain& chain, size_t cut, const char* name) {
  return {cut, RowCodec::Make(ParseRowCodec(name).value(), static_cast<size_t>(chain.shape().width)).value()};
}

PerplexitySums RunAll(PerplexityRun& run) {
  while (!run.Done()) EXPECT_TRUE(run.Next());
  return run.sums();
}

PerplexitySums Sums(std::vector<int> cuts, const std::vector<std::pair<size_t, const char*>>& points,
                    const EvaluatedText& text) {
  auto chain = Chain(cuts);
  std::vector<CutPoint> made;
  for (const auto& [cut, name] : points) made.push_back(Point(*chain, cut, name));
  auto run = PerplexityRun::Make(std::move(chain), text, std::move(made), 2).value();
  return RunAll(run);
}

// Each window from an empty cache, by the engine itself, every softmax in long double.
long double Reference(const EvaluatedText& text) {
  auto engine = GgmlEngine::Create(Model::Load(kModel).value(), {.context = kContext}).value();
  const SeqId seq = engine->Open().value();
  long double total = 0;
  for (const TextWindow& window : text.windows) {
    EXPECT_TRUE(engine->Truncate(seq, 0));
    std::vector<Token> ids(text.tokens.begin() + static_cast<ptrdiff_t>(window.begin),
                           text.tokens.begin() + static_cast<ptrdiff_t>(window.begin) + window.length);
    if (text.first_token) ids[0] = *text.first_token;
    const SeqRows asked{seq, 0, ids, window.length == kContext, window.length};
    const LogitsView logits = engine->Step({&asked, 1}).value();
    long double nll = 0;
    for (int t = window.length - window.scored; t < window.length; ++t) {
      long double sum = 0;
      for (const float v : logits[t - 1]) sum += std::exp(static_cast<long double>(v));
      nll += std::log(sum) -
             static_cast<long double>(logits[t - 1][static_cast<size_t>(ids[static_cast<size_t>(t)])]);
    }
    total += nll / window.scored * window.votes;
  }
  return total;
}

TEST(PerplexityRun, IsTheTextsUnderTheModel) {
  for (const WindowForm form : {WindowForm::kHf, WindowForm::kChunks}) {
    EvaluatedText text = SomeText({form, VoteWeight::kHf, kContext, 24, 0});
    if (form == WindowForm::kChunks) text.first_token = 1;
    const PerplexitySums sums = Sums({}, {}, text);
    EXPECT_EQ(sums.windows, text.windows.size());
    EXPECT_NEAR(sums.nll, static_cast<double>(Reference(text)), 1e-9 * sums.nll) << FormName(form);
    double votes = 0;
    for (const TextWindow& window : text.windows) votes += window.votes;
    EXPECT_EQ(sums.votes, votes);
    EXPECT_DOUBLE_EQ(Perplexity(sums.nll, sums.votes), std::exp(sums.nll / votes));
  }
}

TEST(PerplexityRun, F32AtAnyCutIsTheWholeModelBitForBit) {
  const EvaluatedText text = SomeText(SomePlan());
  const int layers = Chain({})->shape().layers;
  const PerplexitySums whole = Sums({}, {}, text);
  const PerplexitySums cut = Sums({0, 1, layers}, {{0, "f32"}, {1, "f32"}, {2, "f32"}}, text);
  EXPECT_EQ(cut.nll, whole.nll);
  for (const PointSums& point : cut.points) EXPECT_EQ(point.nll, whole.nll);
}

TEST(PerplexityRun, CoarserCodecsCostMoreAndBytesAreTheMessages) {
  const EvaluatedText text = SomeText(SomePlan());
  const PerplexitySums sums = Sums({1}, {{0, "f32"}, {0, "int8"}, {0, "int4"}, {0, "int2"}}, text);
  const auto distance = [&](size_t i) { return std::abs(sums.points[i].nll - sums.nll); };
  EXPECT_LT(distance(1), distance(2));
  EXPECT_LT(distance(2), distance(3));
  EXPECT_GT(distance(1), 0);
  uint64_t rows = 0, bytes = 0;
  const auto width = static_cast<uint64_t>(Chain({})->shape().width);
  for (const TextWindow& window : text.windows) {
    rows += static_cast<uint64_t>(window.length);
    bytes += 1 + static_cast<uint64_t>(window.length) * width * 4;  // f32: a varint and the values
  }
  EXPECT_EQ(sums.rows, rows);
  EXPECT_EQ(sums.points[0].rows, rows);
  EXPECT_EQ(sums.points[0].bytes, bytes);
  EXPECT_LT(sums.points[3].bytes, sums.points[2].bytes);
  EXPECT_EQ(sums.points[0].one_row_bytes, sums.windows * (1 + width * 4));
  EXPECT_EQ(sums.points[1].one_row_bytes,
            sums.windows * (1 + 2 + width));  // int8/token: a scale and the codes
}

TEST(PerplexityRun, AboveTheLastLayerOnlyWantedRowsPass) {
  const EvaluatedText text = SomeText(SomePlan());
  const PerplexitySums sums = Sums({Chain({})->shape().layers}, {{0, "int8"}}, text);
  uint64_t rows = 0;
  for (const TextWindow& window : text.windows) rows += static_cast<uint64_t>(window.scored) + 1;
  EXPECT_EQ(sums.points[0].rows, rows);
}

TEST(PerplexityRun, GoesOnFromSumsBitForBit) {
  const EvaluatedText text = SomeText(SomePlan());
  const PerplexitySums whole = Sums({1}, {{0, "int4"}}, text);
  PerplexitySums half;
  {
    auto chain = Chain({1});
    auto point = Point(*chain, 0, "int4");
    auto run = PerplexityRun::Make(std::move(chain), text, {point}, 1).value();
    for (int i = 0; i < 2; ++i) ASSERT_TRUE(run.Next());
    half = run.sums();
  }
  auto chain = Chain({1});
  auto point = Point(*chain, 0, "int4");
  auto run = PerplexityRun::Make(std::move(chain), text, {point}, 1, half).value();
  EXPECT_EQ(RunAll(run), whole);
}

TEST(PerplexityRun, RefusesSumsAndPointsOfAnother) {
  const EvaluatedText text = SomeText(SomePlan());
  PerplexitySums many;
  many.windows = text.windows.size() + 1;
  EXPECT_EQ(PerplexityRun::Make(Chain({}), text, {}, 1, many).error().code, ErrorCode::kUsage);
  PerplexitySums other;
  other.windows = 1;
  other.points.resize(2);
  EXPECT_EQ(PerplexityRun::Make(Chain({}), text, {}, 1, other).error().code, ErrorCode::kUsage);
  const CutPoint narrow{0, RowCodec::Make(ParseRowCodec("f16").value(), 3).value()};
  EXPECT_EQ(PerplexityRun::Make(Chain({1}), text, {narrow}, 1).error().code, ErrorCode::kUsage);
  auto chain = Chain({1});
  const CutPoint nowhere = Point(*chain, 1, "f16");
  EXPECT_EQ(PerplexityRun::Make(std::move(chain), text, {nowhere}, 1).error().code, ErrorCode::kUsage);
}

TEST(PerplexityRun, ACodecThatNeedsMoreSaysSoWithTheWindow) {
  auto chain = Chain({1});
  auto point = Point(*chain, 0, "mix:int4:int8:0.5");
  auto run = PerplexityRun::Make(std::move(chain), SomeText(SomePlan()), {point}, 1).value();
  const Status status = run.Next();
  ASSERT_FALSE(status);
  EXPECT_NE(status.error().message.find("window 0"), std::string::npos) << status.error().message;
  EXPECT_EQ(run.sums().windows, 0u);
}

CutPoint Mixed(const StageChain& chain, const char* name, const char* method, int layer = 0) {
  CutPoint point = Point(chain, 0, name);
  point.importance = PointImportance{ParseImportance(method).value(), layer, {}};
  return point;
}

PerplexitySums SumsOf(const std::vector<std::pair<const char*, const char*>>& mixes, float plant = 1.0f) {
  auto chain = Chain({2});
  std::vector<CutPoint> points;
  for (const auto& [name, method] : mixes) {
    points.push_back(Mixed(*chain, name, method, 1));
    points.back().plant = plant;
  }
  auto run = PerplexityRun::Make(std::move(chain), SomeText(SomePlan()), std::move(points), 1).value();
  return RunAll(run);
}

TEST(PerplexityRun, RowsCompeteByTheirImportance) {
  const PerplexitySums sums = SumsOf({{"mix:int2:f32:0", "last_row"},
                                      {"mix:int2:f32:1", "last_row"},
                                      {"mix:int2:f32:1", "random"},
                                      {"mix:int2:f32:0.5", "last_row"},
                                      {"mix:int2:f32:0.5", "random"},
                                      {"mix:int2:f32:0.5", "aggregate_till"},
                                      {"mix:int2:f32:0.5", "upto ratio"}});
  const auto& points = sums.points;
  EXPECT_EQ(points[0].nll, sums.nll);       // none is quantised
  EXPECT_EQ(points[1].nll, points[2].nll);  // all are, whoever would choose
  EXPECT_EQ(points[3].bytes, points[4].bytes);
  EXPECT_NE(points[3].nll, points[4].nll);
  EXPECT_NE(points[3].nll, points[5].nll);
  // Half of the importance lies on fewer than half of the rows.
  EXPECT_LT(points[6].bytes, points[3].bytes);
}

TEST(PerplexityRun, APlantedRowSetsTheScaleOfAll) {
  const auto changes = [](float plant) {
    const PerplexitySums sums =
        SumsOf({{"mix:int4:f32:0/tensor", "random"}, {"mix:int4:f32:1/tensor", "random"}}, plant);
    return std::pair{std::abs(sums.points[0].nll - sums.nll), sums.points[1].nll - sums.points[0].nll};
  };
  const auto [as_it_is, cliff] = changes(1.0f);
  EXPECT_EQ(as_it_is, 0);
  const auto [moved, planted_cliff] = changes(1000.0f);
  EXPECT_GT(moved, 0);
  EXPECT_GT(planted_cliff, 2 * std::abs(cliff));
  EXPECT_GT(planted_cliff, 10 * moved);
}

TEST(PerplexityRun, RefusesImportanceOfALayerThatIsNot) {
  auto chain = Chain({2});
  const int layers = chain->shape().layers;
  const CutPoint point = Mixed(*chain, "mix:int4:f32:0.5", "last_row", layers);
  EXPECT_EQ(PerplexityRun::Make(std::move(chain), SomeText(SomePlan()), {point}, 1).error().code,
            ErrorCode::kUsage);
}

}  // namespace
}  // namespace tandem
