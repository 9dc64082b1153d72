// Chat templates: libllama's own, and how a chat goes on.
#include "model/chat_template.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <llama.h>

#include <algorithm>

namespace tandem {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

TEST(ChatTemplate, WritesChatMl) {
  const ChatTemplate chatml = *ChatTemplate::Named("chatml");
  EXPECT_EQ(*chatml.Open("", "Hi"), "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n");
  EXPECT_EQ(
      *chatml.Open("Be brief.", "Hi"),
      "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n");
  EXPECT_EQ(*chatml.Continue("", "Why?"),
            "<|im_end|>\n<|im_start|>user\nWhy?<|im_end|>\n<|im_start|>assistant\n");
}

TEST(ChatTemplate, NamesAreLibllamas) {
  EXPECT_THAT(ChatTemplate::Names(), Contains("llama3"));
  const auto none = ChatTemplate::Named("no-such");
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, ErrorCode::kUsage);
  EXPECT_THAT(none.error().message, HasSubstr("'no-such'; there are"));
  EXPECT_THAT(none.error().message, HasSubstr("chatml"));
}

std::string WithoutBlanks(std::string text) {
  text.erase(std::remove_if(text.begin(), text.end(), [](char c) { return c == ' ' || c == '\n'; }),
             text.end());
  return text;
}

// Turn by turn gives what the whole chat at once gives.
TEST(ChatTemplate, ContinuingEqualsWritingAnew) {
  int continued = 0;
  for (const std::string& name : ChatTemplate::Names()) {
    const ChatTemplate chat = *ChatTemplate::Named(name);
    for (const std::string system : {"", "Be brief."}) {
      const auto open = chat.Open(system, "One?"), next = chat.Continue(system, "Two?");
      ASSERT_TRUE(open) << name;
      if (!next) continue;
      ++continued;
      std::vector<llama_chat_message> all = {{"user", "One?"}, {"assistant", "First."}, {"user", "Two?"}};
      if (!system.empty()) all.insert(all.begin(), {"system", system.c_str()});
      std::string text(10'000, '\0');
      text.resize(static_cast<size_t>(llama_chat_apply_template(
          name.c_str(), all.data(), all.size(), true, text.data(), static_cast<int32_t>(text.size()))));
      EXPECT_EQ(WithoutBlanks(*open + "First." + *next), WithoutBlanks(text)) << name;
    }
  }
  EXPECT_GE(continued, 60);  // of some 50 templates, with and without a system message
}

TEST(ChatTemplate, LongMessagesFit) {
  const std::string text(100'000, 'x');
  EXPECT_THAT(*ChatTemplate::Named("chatml")->Open("", text), HasSubstr(text + "<|im_end|>"));
}

TEST(ChatTemplate, ANulByteIsRefused) {
  const auto refused = ChatTemplate::Named("chatml")->Open("", std::string("a\0b", 3));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kUsage);
}

}  // namespace
}  // namespace tandem
