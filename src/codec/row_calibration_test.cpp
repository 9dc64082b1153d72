// Tests of row_calibration: ranges, means and thresholds of a sample.
#include "codec/row_calibration.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace tandem {
namespace {

using testing::HasSubstr;

TEST(RowCalibration, RangesAreThoseOfTheRowsThatAreQuantised) {
  const std::vector<float> sample = {1, -2, 3, 4, 500, -600, -2, 0};
  const RowCalibration all = Calibrate(ParseRowCodec("int4/channel").value(), {sample, 2}, 10.0).value();
  EXPECT_EQ(all.channels[0].high, 500.0f);
  EXPECT_EQ(all.sink_threshold, 20.0f);  // peaks 2, 2, 4, 600
  const RowCalibration tame =
      Calibrate(ParseRowCodec("int4/channel/sink").value(), {sample, 2}, 10.0).value();
  EXPECT_EQ(tame.channels[0].low, -2.0f);
  EXPECT_EQ(tame.channels[0].high, 3.0f);
  EXPECT_EQ(tame.channels[1].high, 4.0f);
  EXPECT_EQ(tame.mean_magnitudes[0], 2.0f);
  EXPECT_FALSE(Calibrate(ParseRowCodec("int4/channel").value(), {{}, 2}));
}

TEST(RowCalibration, PeaksNameTheFirstBadValue) {
  EXPECT_EQ(RowPeaks({std::vector<float>{1, -3, 0, 2}, 2}, 5.0f).value(), (std::vector<float>{3, 2}));
  EXPECT_THAT(RowPeaks({std::vector<float>{1, -3, 0, 6}, 2}, 5.0f).error().message,
              HasSubstr("row 1, column 1 is 6: rows must be finite, and within 5"));
  EXPECT_THAT(RowPeaks({std::vector<float>{1, std::nanf(""), 0, 6}, 2}, 5.0f).error().message,
              HasSubstr("row 0, column 1 is nan"));
}

}  // namespace
}  // namespace tandem
