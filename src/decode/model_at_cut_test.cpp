// What is seen from a cut is what the engine computes: rows, rows of candidates, logits, bit for bit.
#include "decode/model_at_cut.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "decode/ggml_engine.h"
#include "decode/prefill.h"

namespace tandem {
namespace {

const std::string kModel = TANDEM_SOURCE_DIR "/models/demo-draft-q8_0.gguf";
constexpr int kLayers = 3;

std::vector<Token> SomeIds(int n) {
  std::vector<Token> ids(static_cast<size_t>(n));
  for (int i = 0; i < n; ++i) ids[static_cast<size_t>(i)] = (3 + i * 131 + i * i) % 8000;
  return ids;
}

std::unique_ptr<ModelAtCut> AtCut(int below, int candidates = 3) {
  auto model = ModelAtCut::Load(kModel, below, {.context = 160, .candidates = candidates});
  EXPECT_TRUE(model) << model.error().message;
  return std::move(*model);
}

std::vector<float> WholeLogits(std::span<const Token> ids) {
  auto engine = GgmlEngine::Create(Model::Load(kModel).value(), {}).value();
  const SeqId seq = engine->Open().value();
  std::vector<float> rows;
  for (size_t at = 0; at < ids.size();) {
    const bool bulk = ids.size() - at >= kBulkRows;
    const size_t n = bulk ? kBulkRows : ids.size() - at;
    const SeqRows step{seq, static_cast<Pos>(at), ids.subspan(at, n), bulk, static_cast<int>(n)};
    const LogitsView logits = engine->Step({&step, 1}).value();
    for (int i = 0; i < logits.rows(); ++i) rows.insert(rows.end(), logits[i].begin(), logits[i].end());
    at += n;
  }
  return rows;
}

TEST(ModelAtCut, RowsAndTheLayersAboveGiveTheWholesLogits) {
  const std::vector<Token> ids = SomeIds(150);
  const std::vector<float> expected = WholeLogits(ids);
  for (int below = 0; below <= kLayers; ++below) {
    const auto model = AtCut(below);
    const auto rows = model->RowsOf(ids);
    ASSERT_TRUE(rows);
    ASSERT_EQ(rows->size(), ids.size() * static_cast<size_t>(model->shape().width));
    for (int again = 0; again < 2; ++again) {
      std::vector<float> logits;
      ASSERT_TRUE(model->LogitsOf(*rows, [&](int first, const LogitsView& view) -> Status {
        EXPECT_EQ(static_cast<size_t>(first) * static_cast<size_t>(model->shape().vocab_size), logits.size());
        for (int i = 0; i < view.rows(); ++i) logits.insert(logits.end(), view[i].begin(), view[i].end());
        return {};
      }));
      EXPECT_TRUE(logits == expected) << below << " layers below the cut";
    }
  }
}

// The text's own token is another candidate at every position, and sometimes the only one.
TEST(ModelAtCut, ACandidateHasTheRowThatItWouldHaveInTheText) {
  const std::vector<Token> ids = SomeIds(20);
  for (int below = 0; below <= kLayers; ++below) {
    const auto model = AtCut(below);
    const auto rows = model->RowsOf(ids).value();
    const auto width = static_cast<size_t>(model->shape().width);
    ASSERT_TRUE(model->Restart());
    for (size_t t = 0; t < ids.size(); ++t) {
      ASSERT_TRUE(model->Try(std::vector<Token>{7, 8, 9}));  // tried and left
      std::vector<Token> candidates(t % 3 + 1, 77);
      const size_t right = t * 5 % candidates.size();
      candidates[right] = ids[t];
      const auto tried = model->Try(candidates);
      ASSERT_TRUE(tried) << tried.error().message;
      ASSERT_EQ(tried->size(), candidates.size() * width);
      EXPECT_TRUE(std::equal(tried->begin() + static_cast<ptrdiff_t>(right * width),
                             tried->begin() + static_cast<ptrdiff_t>((right + 1) * width),
                             rows.begin() + static_cast<ptrdiff_t>(t * width)))
          << "position " << t << ", " << below << " layers below the cut";
      ASSERT_TRUE(model->Take(right));
    }
  }
}

TEST(ModelAtCut, EmbeddingsAreTheRowsOfACutBelowAllLayers) {
  const auto model = AtCut(0);
  const auto embeddings = model->Embeddings().value();
  const auto width = static_cast<size_t>(model->shape().width);
  ASSERT_EQ(embeddings.size(), static_cast<size_t>(model->shape().vocab_size) * width);
  const std::vector<Token> ids = {0, 511, 512, 8191};
  const auto rows = model->RowsOf(ids).value();
  for (size_t i = 0; i < ids.size(); ++i) {
    EXPECT_TRUE(std::equal(rows.begin() + static_cast<ptrdiff_t>(i * width),
                           rows.begin() + static_cast<ptrdiff_t>((i + 1) * width),
                           embeddings.begin() + static_cast<ptrdiff_t>(static_cast<size_t>(ids[i]) * width)));
  }
}

TEST(ModelAtCut, WhatIsOutOfRangeIsRefused) {
  EXPECT_EQ(ModelAtCut::Load(kModel, 4, {}).error().code, ErrorCode::kUsage);
  EXPECT_EQ(ModelAtCut::Load(kModel, -1, {}).error().code, ErrorCode::kUsage);
  EXPECT_EQ(ModelAtCut::Load(kModel, 1, {.candidates = 0}).error().code, ErrorCode::kUsage);
  EXPECT_EQ(ModelAtCut::Load(kModel, 1, {.candidates = 257}).error().code, ErrorCode::kUsage);
  const auto model = AtCut(1);
  EXPECT_EQ(model->Take(0).error().code, ErrorCode::kUsage);
  EXPECT_EQ(model->Try(SomeIds(4)).error().code, ErrorCode::kUsage);
  EXPECT_EQ(model->Try({}).error().code, ErrorCode::kUsage);
  EXPECT_EQ(model->RowsOf(SomeIds(161)).error().code, ErrorCode::kContext);
  EXPECT_EQ(model->LogitsOf(std::vector<float>(287), {}).error().code, ErrorCode::kUsage);
  ASSERT_TRUE(model->Try(SomeIds(2)));
  EXPECT_EQ(model->Take(2).error().code, ErrorCode::kUsage);
}

}  // namespace
}  // namespace tandem
