// Tests of numbers.
#include "cli/numbers.h"

#include <gtest/gtest.h>

namespace tandem {
namespace {

TEST(Numbers, AllOfTheTextOrNothing) {
  EXPECT_EQ(ParseInteger("-5"), -5);
  EXPECT_EQ(ParseUnsigned("18446744073709551615"), 18446744073709551615u);
  EXPECT_EQ(ParseNumber("0.5"), 0.5);
  for (const char* bad : {"", "5x", " 5", "0x10", "9223372036854775808"})
    EXPECT_FALSE(ParseInteger(bad)) << bad;
  for (const char* bad : {"", "nan", "inf", "1e999", "1,5"}) EXPECT_FALSE(ParseNumber(bad)) << bad;
}

}  // namespace
}  // namespace tandem
