// Tests of text.
#include "wire/text.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "wire/frame.h"

namespace tandem {
namespace {

TEST(WireText, TakesUtf8WithoutControls) {
  for (const char* text :
       {"", "tandem 0.1.0", "caf\u00e9", "\u20ac", "\U0001F600", "\uffff", "\ue000", "\u00a0"}) {
    EXPECT_TRUE(IsWireText(text)) << text;
    EXPECT_EQ(ToWireText(text), text);
  }
}

TEST(WireText, RefusesControlsAndBrokenUtf8) {
  const std::vector<std::string> bad = {"\n",
                                        "\x1b[0m",
                                        "\x7f",
                                        "\xc2\x80",
                                        "\x80",
                                        "\xc3",
                                        "\xc0\xaf",
                                        "\xe0\x80\xaf",
                                        "\xed\xa0\x80",
                                        "\xf0\x80\x80\xaf",
                                        "\xe2\x82",
                                        "\xf4\x90\x80\x80",
                                        "\xf8\x88\x80\x80\x80",
                                        "\xff"};
  for (const std::string& text : bad) {
    EXPECT_FALSE(IsWireText(text)) << testing::PrintToString(text);
    EXPECT_TRUE(IsWireText(ToWireText(text))) << testing::PrintToString(text);
  }
  EXPECT_FALSE(IsWireText(std::string("a\0b", 3)));
}

TEST(WireText, CutsBetweenCharacters) {
  std::string text;
  while (text.size() <= kMaxText) text += "\u20ac";  // three bytes: 4096 is no multiple
  EXPECT_FALSE(IsWireText(text));
  EXPECT_EQ(ToWireText(text).size(), kMaxText / 3 * 3);
}

RC_GTEST_PROP(WireText, CleaningMakesCleanAndKeepsClean, (std::string text)) {
  const std::string clean = ToWireText(text);
  RC_ASSERT(IsWireText(clean));
  RC_ASSERT(ToWireText(clean) == clean);
  if (IsWireText(text)) RC_ASSERT(clean == text);
}

}  // namespace
}  // namespace tandem
