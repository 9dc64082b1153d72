#include "cli/units.h"

#include <gtest/gtest.h>

namespace tandem {
namespace {

TEST(Units, Durations) {
  EXPECT_EQ(ParseDuration("20ms"), Micros{20'000});
  EXPECT_EQ(ParseDuration("1.5s"), Micros{1'500'000});
  EXPECT_EQ(ParseDuration("2m"), Micros{120'000'000});
  EXPECT_EQ(ParseDuration("7us"), Micros{7});
  EXPECT_EQ(ParseDuration("0"), Micros{0});
  for (const char* bad : {"", "20", "ms", "-1s", "1 s", "1h", "1e3s", "1441m", "1..2s", "nans"}) {
    EXPECT_FALSE(ParseDuration(bad)) << bad;
  }
}

TEST(Units, Rates) {
  EXPECT_DOUBLE_EQ(ParseRate("10mbit")->down, 10e6);
  EXPECT_DOUBLE_EQ(ParseRate("10mbit")->up, 10e6);
  EXPECT_DOUBLE_EQ(ParseRate("1.5Gbit/64kbit")->down, 1.5e9);
  EXPECT_DOUBLE_EQ(ParseRate("1.5Gbit/64kbit")->up, 64e3);
  EXPECT_DOUBLE_EQ(ParseRate("1000bit")->up, 1e3);
  for (const char* bad :
       {"", "10", "mbit", "0mbit", "999bit", "1001gbit", "10mbit/", "/10mbit", "1mbit/2mbit/3mbit"}) {
    EXPECT_FALSE(ParseRate(bad)) << bad;
  }
}

TEST(Units, Numbers) {
  EXPECT_EQ(ParseInteger("-5"), -5);
  EXPECT_EQ(ParseUnsigned("18446744073709551615"), 18446744073709551615u);
  for (const char* bad : {"", "5x", " 5", "0x10", "9223372036854775808"})
    EXPECT_FALSE(ParseInteger(bad)) << bad;
  for (const char* bad : {"", "nan", "inf", "1e999", "1,5"}) EXPECT_FALSE(ParseNumber(bad)) << bad;
}

}  // namespace
}  // namespace tandem
