// Random models load in libllama, have the shape and types asked for, and depend on the seed alone.
#include "model/random_model.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <numeric>

#include "model/gguf_file.h"
#include "model/random_values.h"

namespace tandem {
namespace {

const std::string kDemo = TANDEM_SOURCE_DIR "/models/demo-target-q8_0.gguf";

// A small model in a file of its own, removed at the end.
class TempModel {
 public:
  explicit TempModel(const RandomModelSpec& spec)
      : path_(std::filesystem::path(testing::TempDir()) /
              fmt::format("random.{}.{}.gguf", ::getpid(), ++count_)),
        report_(WriteRandomModel(spec, path_)) {}
  ~TempModel() { std::filesystem::remove(path_); }

  const std::string& path() const { return path_; }
  const Result<RandomModelReport>& report() const { return report_; }
  std::string Contents() const {
    std::ifstream in(path_, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  Hparams Shape() const { return *CheckModel(OpenGguf(path_)->header()); }

 private:
  static inline int count_ = 0;
  std::string path_;
  Result<RandomModelReport> report_;
};

RandomModelSpec Small(ggml_type type, uint64_t seed) {
  RandomModelSpec spec;
  spec.like = kDemo;
  spec.layers = 2;
  spec.width = 256;
  spec.heads = 4;
  spec.kv_heads = 2;
  spec.ff = 512;
  spec.context = 512;
  spec.type = type;
  spec.seed = seed;
  return spec;
}

TEST(FillGaussian, IsAddressed) {
  std::vector<float> whole(1000), part(496);
  FillGaussian(5, 3, 0, 2.0f, whole);
  FillGaussian(5, 3, 504, 2.0f, part);
  EXPECT_TRUE(std::equal(part.begin(), part.end(), whole.begin() + 504));
  std::vector<float> other(1000);
  FillGaussian(5, 4, 0, 2.0f, other);
  EXPECT_NE(whole, other);
  FillGaussian(6, 3, 0, 2.0f, other);
  EXPECT_NE(whole, other);
}

TEST(FillGaussian, HasTheMomentsOfTheNormalLaw) {
  std::vector<float> values(1 << 20);
  FillGaussian(1, 0, 0, 1.0f, values);
  double sum = 0, squares = 0, fourth = 0, product = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    const double v = values[i];
    sum += v;
    squares += v * v;
    fourth += v * v * v * v;
    product += i > 0 ? v * values[i - 1] : 0.0;
  }
  const double n = static_cast<double>(values.size());
  // Five standard errors of each: 1, sqrt(2), sqrt(96) and 1, over sqrt(n).
  EXPECT_NEAR(sum / n, 0.0, 5e-3);
  EXPECT_NEAR(squares / n, 1.0, 7e-3);
  EXPECT_NEAR(fourth / n, 3.0, 5e-2);
  EXPECT_NEAR(product / n, 0.0, 5e-3);
}

TEST(RandomModel, HasTheShapeAskedFor) {
  for (const ggml_type type :
       {GGML_TYPE_Q4_0, GGML_TYPE_Q4_K, GGML_TYPE_Q8_0, GGML_TYPE_F16, GGML_TYPE_F32}) {
    const TempModel model(Small(type, 1));
    ASSERT_TRUE(model.report()) << model.report().error().message;
    EXPECT_TRUE(model.report()->notes.empty());
    EXPECT_EQ(model.report()->vocabulary, "kept");
    const Hparams shape = model.Shape();
    EXPECT_EQ(shape.layers, 2);
    EXPECT_EQ(shape.width, 256);
    EXPECT_EQ(shape.heads, 4);
    EXPECT_EQ(shape.kv_heads, 2);
    EXPECT_EQ(shape.head_dim, 64);
    EXPECT_EQ(shape.ff, 512);
    EXPECT_EQ(shape.context, 512);
    EXPECT_EQ(shape.vocab_rows, 8192);
    EXPECT_EQ(OpenGguf(model.path())->header().FindTensor("blk.1.ffn_down.weight")->type, type);
  }
}

TEST(RandomModel, TakesAnotherArchitecture) {
  RandomModelSpec spec = Small(GGML_TYPE_Q8_0, 1);
  spec.arch = "gptneox";
  const TempModel neox(spec);
  ASSERT_TRUE(neox.report()) << neox.report().error().message;
  Hparams shape = neox.Shape();
  EXPECT_EQ(shape.arch, "gptneox");
  EXPECT_EQ(shape.rope.dims, 16);
  EXPECT_TRUE(shape.parallel_residual);
  EXPECT_EQ(shape.norm, NormKind::kLayer);
  EXPECT_EQ(shape.kv_heads, 2);
  EXPECT_EQ(OpenGguf(neox.path())->header().Find("llama.block_count"), nullptr);
  EXPECT_NE(OpenGguf(neox.path())->header().FindTensor("output.weight"), nullptr);

  // Of the same architecture again: the share of a head that turns is kept.
  spec.like = neox.path();
  spec.arch.clear();
  spec.heads = 2;
  EXPECT_EQ(TempModel(spec).Shape().rope.dims, 32);

  spec.arch = "gpt2";
  const TempModel gpt2(spec);
  ASSERT_TRUE(gpt2.report()) << gpt2.report().error().message;
  shape = gpt2.Shape();
  EXPECT_EQ(shape.rope.pairs, RopePairs::kNone);
  EXPECT_EQ(OpenGguf(gpt2.path())->header().FindTensor("position_embd.weight")->shape[1], 512);
}

TEST(RandomModel, SameSeedSameFile) {
  const TempModel a(Small(GGML_TYPE_Q4_0, 1)), c(Small(GGML_TYPE_Q4_0, 2));
  RandomModelSpec on_three_threads = Small(GGML_TYPE_Q4_0, 1);
  on_three_threads.threads = 3;
  const TempModel b(on_three_threads);
  EXPECT_EQ(a.Contents(), b.Contents());
  EXPECT_NE(a.Contents(), c.Contents());
}

TEST(RandomModel, FallsBackWhereRowsDoNotFitBlocks) {
  RandomModelSpec spec = Small(GGML_TYPE_Q4_K, 1);
  spec.ff = 544;
  const TempModel model(spec);
  ASSERT_TRUE(model.report());
  ASSERT_EQ(model.report()->notes.size(), 1u);
  EXPECT_EQ(
      model.report()->notes[0],
      "ffn_down.weight is written in q8_0: rows of 544 values are not a multiple of q4_K's block of 256.");
}

TEST(RandomModel, VocabularyGrowsAndShrinks) {
  RandomModelSpec spec = Small(GGML_TYPE_Q8_0, 1);
  spec.vocab = 9000;
  const TempModel grown(spec);
  ASSERT_TRUE(grown.report());
  EXPECT_EQ(grown.report()->vocabulary, "extended from 8192 to 9000 tokens");
  EXPECT_EQ(grown.Shape().vocab_rows, 9000);
  EXPECT_EQ(grown.Shape().vocab_size, 8192);
  spec.vocab = 1000;
  const TempModel cut(spec);
  EXPECT_EQ(cut.report()->vocabulary, "cut from 8192 to 1000 tokens");
  EXPECT_EQ(cut.Shape().vocab_size, 1000);
  spec.vocab = 100;  // fewer than the byte tokens need
  const TempModel none(spec);
  EXPECT_EQ(none.report()->vocabulary.substr(0, 4), "none");
  EXPECT_EQ(none.Shape().vocab_rows, 100);
}

TEST(RandomModel, RefusesShapesThatMakeNoSense) {
  struct Case {
    void (*change)(RandomModelSpec&);
    const char* figure;  // that the sentence must hold
  };
  const Case cases[] = {
      {[](RandomModelSpec& s) { s.heads = 3; }, "256 does not divide into 3"},
      {[](RandomModelSpec& s) { s.kv_heads = 3; }, "4 heads cannot share 3"},
      {[](RandomModelSpec& s) { s.width = 12; }, "3 dimensions (width 12, 4 heads)"},
      {[](RandomModelSpec& s) { s.layers = 0; }, "not 0"},
      {[](RandomModelSpec& s) { s.vocab = -5; }, "not -5"},
      {[](RandomModelSpec& s) { s.ff = 1 << 30; }, "not 1073741824"},
      {[](RandomModelSpec& s) { s.threads = 0; }, "not 0"},
      {[](RandomModelSpec& s) { s.type = GGML_TYPE_IQ2_XXS; }, "iq2_xxs"},
      {[](RandomModelSpec& s) { s.arch = "mamba"; }, "gptneox, gpt2, not 'mamba'"},
  };
  for (const Case& c : cases) {
    RandomModelSpec spec = Small(GGML_TYPE_Q8_0, 1);
    c.change(spec);
    const TempModel model(spec);
    ASSERT_FALSE(model.report()) << c.figure;
    EXPECT_EQ(model.report().error().code, ErrorCode::kUsage);
    EXPECT_NE(model.report().error().message.find(c.figure), std::string::npos)
        << model.report().error().message;
    EXPECT_FALSE(std::filesystem::exists(model.path()));
  }
}

TEST(RandomModel, ParsesTypes) {
  EXPECT_EQ(*ParseWeightType("q4_k"), GGML_TYPE_Q4_K);
  EXPECT_FALSE(ParseWeightType("q9"));
}

}  // namespace
}  // namespace tandem
