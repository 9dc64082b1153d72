// Heads that are silenced, against a file whose output projection has no weights for them; and the relevance
// of heads against the whole model run once for each of them.
#include "lab/head_relevance.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <numeric>

#include "model/gguf_file.h"
#include "testing/engine_runs.h"
#include "testing/model_files.h"

namespace tandem::testing {
namespace {

constexpr int kLayer = 1, kHead = 2, kHeads = 4, kHeadDim = 64;

// A text in steps of 128 rows, whole ones in bulk: the kernels that the measurement uses, too.
Rows StepWith(EngineRun& run, std::span<const Token> tokens, const HeadFactors& heads) {
  run.Truncate(0);
  Rows all;
  for (size_t at = 0; at < tokens.size(); at += 128) {
    const auto part = tokens.subspan(at, std::min<size_t>(128, tokens.size() - at));
    const int n = static_cast<int>(part.size());
    const StageRows rows{run.seq(), static_cast<Pos>(at), n, n % 64 == 0, n};
    const auto out = run.engine().StepStages({{&rows, 1}, part, {}, heads});
    if (!out) throw std::runtime_error(out.error().message);
    for (int i = 0; i < out->rows(); ++i) all.insert(all.end(), (*out)[i].begin(), (*out)[i].end());
  }
  return all;
}

// Zeros for the columns of one head in an F32 output projection.
void WriteWithoutHead(const std::string& from, const std::string& to) {
  std::filesystem::copy_file(from, to, std::filesystem::copy_options::overwrite_existing);
  const auto file = OpenGguf(from);
  const GgufTensor* o = file->header().FindTensor(fmt::format("blk.{}.attn_output.weight", kLayer));
  ASSERT_EQ(o->type, GGML_TYPE_F32);
  const std::vector<char> zeros(kHeadDim * sizeof(float), 0);
  std::fstream out(to, std::ios::binary | std::ios::in | std::ios::out);
  for (int64_t row = 0; row < o->shape[1]; ++row) {
    const auto column = static_cast<size_t>(row * o->shape[0] + kHead * kHeadDim);
    out.seekp(static_cast<std::streamoff>(o->offset + column * sizeof(float)));
    out.write(zeros.data(), static_cast<std::streamsize>(zeros.size()));
  }
}

class Heads : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override { WriteModel(SmallModel(GGML_TYPE_F32, GetParam()), file_.path()); }

  TempFile file_;
};

TEST_P(Heads, SilencedAreHeadsWithoutWeights) {
  const TempFile without;
  WriteWithoutHead(file_.path(), without.path());
  EngineRun run(file_.path(), {}), cut(without.path(), {});
  const std::vector<Token> tokens = SomeTokens(40, run.info().vocab_size);
  std::array<float, kHeads> factors = {1, 1, 1, 1};
  const Rows plain = StepWith(run, tokens, {});
  EXPECT_SAME_LOGITS(StepWith(run, tokens, {kLayer, factors}), plain);
  factors[kHead] = 0;
  const Rows silenced = StepWith(run, tokens, {kLayer, factors});
  EXPECT_SAME_LOGITS(silenced, StepWith(cut, tokens, {}));
  EXPECT_GT(Compare(silenced, plain).values, plain.size() / 2);
}

INSTANTIATE_TEST_SUITE_P(Archs, Heads, ::testing::Values("llama", "gptneox", "gpt2"),
                         [](const auto& test) { return test.param; });

TEST(HeadFactors, AreRefusedWhereTheyDoNotFit) {
  EngineRun run(*Model::Load(DemoModel("demo-target-q8_0.gguf").path, {.stages = StageRange{0, 3}}), {});
  const int heads = run.model().hparams().heads;
  std::vector<float> factors(static_cast<size_t>(heads), 1.0f);
  const auto say = [&](int layer, std::span<const float> given) -> std::string {
    try {
      StepWith(run, SomeTokens(3, 100), {layer, given});
      return "fits";
    } catch (const std::runtime_error& error) {
      return error.what();
    }
  };
  EXPECT_EQ(say(1, factors), "fits");
  EXPECT_EQ(say(2, factors), "heads of layer 2 cannot be scaled: the range has layers [0, 2)");
  EXPECT_EQ(say(1, std::span(factors).first(3)), fmt::format("3 factors for {} heads", heads));
  factors[0] = std::nanf("");
  EXPECT_EQ(say(1, factors), "a head's factor is nan");
}

double Nats(std::span<const float> logits, Token target) {
  double sum = 0;
  for (const float l : logits) sum += std::exp(static_cast<double>(l));
  return std::log(sum) - logits[static_cast<size_t>(target)];
}

// The whole model's, and all its layers once for every head.
double LossWith(EngineRun& run, std::span<const std::vector<Token>> texts, const HeadFactors& heads) {
  double nats = 0, tokens = 0;
  for (const std::vector<Token>& text : texts) {
    const Rows logits = StepWith(run, text, heads);
    const size_t vocab = logits.size() / text.size();
    for (size_t i = 0; i + 1 < text.size(); ++i, ++tokens)
      nats += Nats(std::span(logits).subspan(i * vocab, vocab), text[i + 1]);
  }
  return nats / tokens;
}

TEST(HeadRelevance, IsTheRiseOfTheLoss) {
  const TempFile file;
  WriteModel(SmallModel(GGML_TYPE_F32), file.path());
  EngineRun run(file.path(), {});
  const std::vector<std::vector<Token>> texts = {SomeTokens(150, 512, 1), SomeTokens(2, 512, 2)};
  size_t calls = 0;
  const auto relevance = MeasureHeadRelevance(
      file.path(), texts,
      {.threads = 1, .go_on = [&](size_t done, size_t total) { return done == ++calls && total == 12; }});
  ASSERT_TRUE(relevance) << relevance.error().message;
  EXPECT_EQ(calls, 12u);
  ASSERT_EQ(relevance->rise.size(), 3u);
  const double loss = LossWith(run, texts, {});
  EXPECT_NEAR(relevance->loss, loss, 1e-9);
  double largest = 0;
  for (int layer = 0; layer < 3; ++layer) {
    for (size_t head = 0; head < kHeads; ++head) {
      std::vector<float> factors(kHeads, 1.0f);
      factors[head] = 0.0f;
      const double rise = LossWith(run, texts, {layer, factors}) - loss;
      EXPECT_NEAR(relevance->rise[static_cast<size_t>(layer)][head], rise, 1e-9) << layer << " " << head;
      largest = std::max(largest, std::abs(rise));
    }
  }
  EXPECT_GT(largest, 1e-2);  // else the bound above would say nothing
}

TEST(HeadRelevance, WeightsAreSharesOfALayer) {
  const HeadRelevance relevance{1.0, {{0.3, -0.2, 0.1}, {-1.0, -2.0, 0.0}}};
  EXPECT_EQ(relevance.Weights(0), (std::vector<float>{0.75f, 0.0f, 0.25f}));
  EXPECT_EQ(relevance.Weights(1), std::vector<float>(3, 1.0f / 3));
}

TEST(HeadRelevance, RefusesTextsThatItCannotMeasure) {
  const std::string draft = DemoModel("demo-draft-q8_0.gguf").path;
  const auto say = [&](const std::vector<std::vector<Token>>& texts,
                       const HeadRelevanceOptions& options = {}) {
    const auto relevance = MeasureHeadRelevance(draft, texts, options);
    EXPECT_TRUE(relevance || relevance.error().code == ErrorCode::kUsage);
    return relevance ? "measured" : relevance.error().message;
  };
  EXPECT_EQ(say({}), "heads are measured on texts, none is given");
  EXPECT_EQ(say({{1, 2}, {3}}), "a text of 1 ids, expected 2 to 256");
  EXPECT_EQ(say({std::vector<Token>(257, 1)}), "a text of 257 ids, expected 2 to 256");
  EXPECT_EQ(say({{1, -1}}), "a text holds the id -1 of 8192");
  EXPECT_EQ(say({{1, 8192}}), "a text holds the id 8192 of 8192");
  EXPECT_EQ(say({{1, 2}}, {.threads = 1, .go_on = [](size_t done, size_t) { return done < 3; }}),
            "the measurement of heads was ended after 3 of 18");
  EXPECT_EQ(MeasureHeadRelevance("/no/such.gguf", {}, {}).error().code, ErrorCode::kFile);
}

}  // namespace
}  // namespace tandem::testing
