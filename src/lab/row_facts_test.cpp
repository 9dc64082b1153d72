// The facts of one window against the definitions, means over windows, and sums that are taken up again.
#include "lab/row_facts.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "codec/rank_agreement.h"

namespace tandem {
namespace {

const std::string kModel = TANDEM_SOURCE_DIR "/models/demo-draft-q8_0.gguf";

PerplexityRun WatchingRun() {
  EvaluatedText text;
  for (size_t i = 0; i < 150; ++i) text.tokens.push_back(static_cast<Token>((5 + i * 37 + i * i / 3) % 400));
  text.windows = PlanWindows({WindowForm::kHf, VoteWeight::kHf, 64, 24, 0}, 150).value();
  auto chain = StageChain::Load(kModel, std::vector<int>{1, 2}, {.context = 64}).value();
  auto run = PerplexityRun::Make(std::move(chain), std::move(text), {}, 1).value();
  run.WatchAllLayers();
  return run;
}

std::vector<float> Regular(const LayerProbe& probe, int rows) {
  std::vector<float> all(static_cast<size_t>(rows), 0.0f);
  for (size_t i = 0; i < probe.column_sums.size(); ++i) all[i % all.size()] += probe.column_sums[i];
  return all;
}

TEST(RowFacts, OneWindowByTheDefinitions) {
  PerplexityRun run = WatchingRun();
  const int layers = run.chain().shape().layers;
  RowFacts facts(layers, 2);
  ASSERT_TRUE(run.Next());
  ASSERT_TRUE(facts.Add(run));
  const auto agreements = facts.Agreements();
  ASSERT_EQ(agreements.size(), static_cast<size_t>(layers));  // neighbours, and the first with the last
  const AttentionProbe& seen = run.attention();
  ASSERT_EQ(seen.layers.size(), static_cast<size_t>(layers));
  for (const LayerAgreement& pair : agreements) {
    const auto a = Regular(seen.layers[static_cast<size_t>(pair.a)], seen.rows);
    const auto b = Regular(seen.layers[static_cast<size_t>(pair.b)], seen.rows);
    EXPECT_NEAR(pair.spearman, SpearmanCorrelation(a, b).value(), 1e-3);
    EXPECT_NEAR(pair.jaccard, TopJaccard(a, b), 1e-9);
  }
  EXPECT_EQ(agreements.back().a, 0);
  EXPECT_EQ(agreements.back().b, layers - 1);

  std::vector<float> peaks;
  const auto width = static_cast<size_t>(run.chain().shape().width);
  for (size_t row = 0; row < 64; ++row) {
    float peak = 0;
    for (const float v : run.RowsAt(1).subspan(row * width, width)) peak = std::max(peak, std::abs(v));
    peaks.push_back(peak);
  }
  const float first = peaks[0];
  std::sort(peaks.begin(), peaks.end());
  EXPECT_NEAR(facts.Peaks(1).largest_to_median, peaks[63] / peaks[31], 1e-6);
  EXPECT_NEAR(facts.Peaks(1).second_to_median, peaks[62] / peaks[31], 1e-6);
  EXPECT_NEAR(facts.Peaks(1).first_to_median, first / peaks[31], 1e-6);
  EXPECT_EQ(facts.Peaks(1).first_is_largest, first == peaks[63] ? 1 : 0);
}

TEST(RowFacts, SumsAreTakenUpAgain) {
  PerplexityRun run = WatchingRun();
  RowFacts facts(run.chain().shape().layers, 2), other(run.chain().shape().layers, 2);
  while (!run.Done()) {
    ASSERT_TRUE(run.Next());
    ASSERT_TRUE(other.Restore(facts.sums()));
    ASSERT_TRUE(facts.Add(run));
    ASSERT_TRUE(other.Add(run));
  }
  EXPECT_EQ(other.sums(), facts.sums());
  EXPECT_EQ(facts.sums()[0], static_cast<double>(run.windows()));
  EXPECT_FALSE(other.Restore({1.0}));
  std::vector<double> bad = facts.sums();
  bad[3] = std::numeric_limits<double>::infinity();
  EXPECT_FALSE(other.Restore(bad));
  EXPECT_EQ(other.sums(), facts.sums());
}

TEST(RowFacts, NothingIsZero) {
  const RowFacts facts(3, 1);
  EXPECT_EQ(facts.Peaks(0).largest_to_median, 0);
  EXPECT_EQ(facts.Agreements().size(), 3u);
  EXPECT_EQ(facts.Agreements()[0].jaccard, 0);
}

}  // namespace
}  // namespace tandem
