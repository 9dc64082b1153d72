// Tests of utf8.
#include "base/utf8.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>

namespace tandem {
namespace {

const std::string kText = "a\xC3\xA4z \xE2\x82\xAC \xF0\x9F\x90\xBB.";  // 1 to 4 bytes a character

TEST(Utf8Joiner, NeverShowsHalfACharacter) {
  Utf8Joiner joiner;
  std::string shown;
  for (char c : kText) {
    std::string now = joiner.Add(std::string(1, c));
    EXPECT_EQ(ValidUtf8(now), now);
    shown += now;
  }
  EXPECT_EQ(shown + joiner.Flush(), kText);
}

TEST(Utf8Joiner, FlushGivesWhatIsLeft) {
  Utf8Joiner joiner;
  EXPECT_EQ(joiner.Add("x\xE2\x82"), "x");
  EXPECT_EQ(joiner.Flush(), "\xE2\x82");
  EXPECT_EQ(joiner.Flush(), "");
}

RC_GTEST_PROP(Utf8Joiner, KeepsEveryByte, (const std::vector<std::string>& pieces)) {
  Utf8Joiner joiner;
  std::string in, out;
  for (const std::string& piece : pieces) {
    in += piece;
    out += joiner.Add(piece);
    RC_ASSERT(in.size() - out.size() <= 3u);  // bounded: garbage is not held back for ever
  }
  RC_ASSERT(out + joiner.Flush() == in);
}

TEST(ValidUtf8, ReplacesWhatIsNone) {
  EXPECT_EQ(ValidUtf8(kText), kText);
  EXPECT_EQ(ValidUtf8("a\xFF\x62"), "a\xEF\xBF\xBD\x62");
  EXPECT_EQ(ValidUtf8("\xC0\x80"), "\xEF\xBF\xBD\xEF\xBF\xBD");                  // overlong
  EXPECT_EQ(ValidUtf8("\xED\xA0\x80"), "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");  // surrogate
  EXPECT_EQ(ValidUtf8("\xE2\x82"), "\xEF\xBF\xBD\xEF\xBF\xBD");                  // cut off
}

}  // namespace
}  // namespace tandem
