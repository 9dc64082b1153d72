// What the doubt bench measures and refuses, on the demo pair.
#include "cli/bench_doubt.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tandem {
namespace {

const std::string kModels = TANDEM_SOURCE_DIR "/models/";

DoubtOptions Small() {
  DoubtOptions options;
  options.target = kModels + "demo-target-q8_0.gguf";
  options.draft = kModels + "demo-draft-q8_0.gguf";
  options.prompts = {"Once upon a time, there was a little bear", "Tom had a blue boat."};
  options.tokens = 60;
  options.temperatures = {0.8f};
  options.clients = {1};
  options.round_trips = {Micros{30'000}};
  return options;
}

Result<DoubtFigures> Measured(const DoubtOptions& options) {
  return MeasureDoubt(
      options, [](std::string_view) {}, [] { return false; });
}

TEST(BenchDoubt, MarginsSortTheDraftsOfTheDemoPair) {
  const auto figures = Measured(Small());
  ASSERT_TRUE(figures) << figures.error().message;
  ASSERT_EQ(figures->sureties.size(), kSureties);
  EXPECT_EQ(figures->sureties.front().surety, Surety::kMargin);
  EXPECT_GT(figures->sureties.front().separation, 0.65);
  int count = 0;
  for (const auto& [temperature, bin] : figures->calibration) count += bin.drafts == 1 ? bin.count : 0;
  EXPECT_GT(count, 60);
  EXPECT_LE(count, 120);
  ASSERT_EQ(figures->rows.size(), 1u);
  const DoubtRow& row = figures->rows.front();
  EXPECT_GT(row.known.ms_per_token, 0);
  EXPECT_LT(row.known.stale_per_token, row.hidden.stale_per_token);
  EXPECT_NE(row.best.mode, Mode::kAuto);
}

TEST(BenchDoubt, RefusesWhatItCannotMeasureAndStops) {
  DoubtOptions options = Small();
  options.prompts.clear();
  EXPECT_THAT(Measured(options).error().message, testing::HasSubstr("there are 0 prompts"));
  options = Small();
  options.draft = "/no/such.gguf";
  EXPECT_THAT(Measured(options).error().message, testing::HasSubstr("/no/such.gguf"));
  const auto stopped = MeasureDoubt(
      Small(), [](std::string_view) {}, [] { return true; });
  EXPECT_THAT(stopped.error().message, testing::HasSubstr("interrupted"));
}

}  // namespace
}  // namespace tandem
