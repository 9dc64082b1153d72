// What the bench reports and refuses; never how fast anything is.
#include "cli/bench_engine.h"

#include <gtest/gtest.h>

#include "cli/bench_child.h"

namespace tandem {
namespace {

const std::string kDraft = TANDEM_SOURCE_DIR "/models/demo-draft-q8_0.gguf";

void Quietly(std::string_view) {}

TEST(BenchEngine, MeasuresBothSidesOnOneThreadAndTwo) {
  std::vector<std::string> told;
  const auto rows = BenchEngine({kDraft, {BenchMetric::kDecode}, 1},
                                [&](std::string_view line) { told.emplace_back(line); });
  ASSERT_TRUE(rows) << rows.error().message;
  ASSERT_EQ(rows->size(), 2u);
  for (int i = 0; i < 2; ++i) {
    const BenchRow& row = (*rows)[static_cast<size_t>(i)];
    EXPECT_EQ(row.model, "demo-draft-q8_0.gguf");
    EXPECT_EQ(row.metric, BenchMetric::kDecode);
    EXPECT_EQ(row.mode, "exact");  // Q8_0: exactness costs nothing, so there is no second row
    EXPECT_EQ(row.threads, i + 1);
    EXPECT_GT(row.tandem, 0);
    EXPECT_GT(row.llama, 0);
    EXPECT_DOUBLE_EQ(row.ratio, row.tandem / row.llama);
  }
  EXPECT_EQ(told, (std::vector<std::string>{"decode exact, 1 thread", "decode exact, 2 threads"}));
}

TEST(BenchEngine, RefusesWhatItCannotMeasure) {
  EXPECT_EQ(BenchEngine({"/no/such.gguf", {}, 1}, Quietly).error().code, ErrorCode::kFile);
  EXPECT_EQ(BenchEngine({kDraft, {}, 0}, Quietly).error().code, ErrorCode::kUsage);
}

TEST(BenchChild, TakesItsOwnWordsOnly) {
  EXPECT_FALSE(RunBenchChild({}));
  EXPECT_FALSE(RunBenchChild({"run", "-p", "x"}));
  EXPECT_FALSE(RunBenchChild({"bench-child", "tandem"}));
  EXPECT_EQ(RunBenchChild({"bench-child", "tandem", "/no/such.gguf", "1", "64", "exact"}),
            ExitCode(ErrorCode::kFile));
  EXPECT_EQ(RunBenchChild({"bench-child", "tandem", kDraft, "one", "64", "exact"}),
            ExitCode(ErrorCode::kUsage));
}

}  // namespace
}  // namespace tandem
