// Calibration over traces whose chances are known.
#include "lab/doubt_calibration.h"

#include <gtest/gtest.h>

#include "base/philox.h"

namespace tandem {
namespace {

// Margin 0.2 stands with a chance of 0.3, margin 6 with 0.95.
std::vector<DraftSample> Text(uint32_t seed) {
  std::vector<DraftSample> text;
  for (uint32_t i = 0; i < 400; ++i) {
    const PhiloxCounter words = Philox4x32({i, 0, 0, 0}, {seed, 0});
    const bool sure = words[0] % 2 == 0;
    DraftSample draft{.stands = words[1] * 0x1p-32 < (sure ? 0.95 : 0.3)};
    draft.surety.fill(sure ? 6 : 0.2);
    text.push_back(draft);
  }
  return text;
}

TEST(Calibrate, PredictsWhatHappens) {
  const std::vector<CalibrationBin> bins = Calibrate({Text(1), Text(2), Text(3)});
  int single = 0, rows = 0;
  for (const CalibrationBin& bin : bins) {
    if (bin.drafts == 1) {
      single += bin.count;
      EXPECT_NEAR(bin.happened, bin.from < 1 ? 0.3 : 0.95, 0.05);
      EXPECT_NEAR(bin.predicted, bin.happened, 0.05);
    } else if (bin.count > 50) {
      ++rows;
      EXPECT_NEAR(bin.predicted, bin.happened, 0.12) << bin.from;
    }
  }
  EXPECT_EQ(single, 1200) << "each draft once";
  EXPECT_GE(rows, 2);
}

TEST(Calibrate, OfNothingIsNothing) {
  EXPECT_TRUE(Calibrate({}).empty());
  EXPECT_TRUE(Calibrate({{}}).empty());
}

}  // namespace
}  // namespace tandem
