// Both sides of the comparison score the same, so that what it times is the same work.
#include "cli/bench_perplexity.h"

#include <gtest/gtest.h>

#include "cli/evaluation_text.h"
#include "model/vocab.h"

namespace tandem {
namespace {

const std::string kModel = TANDEM_SOURCE_DIR "/models/demo-target-q8_0.gguf";
const std::string kText = TANDEM_SOURCE_DIR "/bench/prompts/stories.txt";

class ScoredChunk : public ::testing::TestWithParam<int> {};

TEST_P(ScoredChunk, IsTheSameByBothSides) {
  const int length = GetParam();
  const auto tokens = Vocab::Load(kModel).value()->Tokenize(ReadText(kText).value(), true, false).value();
  const auto chunk = std::span<const Token>(tokens).first(static_cast<size_t>(length));
  std::vector<double> nll;
  for (const BenchSide side : {BenchSide::kTandem, BenchSide::kLlama}) {
    auto scorer = OpenChunkScorer(side, {kModel, 2, 256, true});
    ASSERT_TRUE(scorer) << scorer.error().message;
    for (int again = 0; again < 2; ++again) {  // each in an empty context
      const auto score = (*scorer)->Score(chunk);
      ASSERT_TRUE(score) << score.error().message;
      nll.push_back(*score);
    }
  }
  EXPECT_GT(nll[0], 0.5 * (length / 2));  // this text is not told by heart
  EXPECT_EQ(nll[0], nll[1]);
  EXPECT_EQ(nll[2], nll[3]);
  // Whole blocks run through the same kernels on both sides; a tail is computed in small nodes by ours only.
  EXPECT_NEAR(nll[0], nll[2], (length % 64 == 0 ? 1e-6 : 1e-2) * nll[0]);
}

INSTANTIATE_TEST_SUITE_P(Lengths, ScoredChunk, ::testing::Values(64, 100, 256));

}  // namespace
}  // namespace tandem
