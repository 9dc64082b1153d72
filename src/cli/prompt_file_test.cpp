// Files of prompts: plain lines, both shapes of .jsonl, and what is neither.
#include "cli/prompt_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "testing/scratch_files.h"

namespace tandem {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class PromptFile : public testing::ScratchFiles {
 protected:
  std::string Refused(const std::string& name, const std::string& text) {
    const auto prompts = ReadPrompts(Write(name, text), 100);
    if (prompts) return "(accepted)";
    EXPECT_EQ(prompts.error().code, ErrorCode::kFile);
    return prompts.error().message;
  }
};

TEST_F(PromptFile, PlainLinesAreAPromptEach) {
  EXPECT_THAT(*ReadPrompts(Write("a.txt", "one\n\ntwo\r\n\r\n{\"prompt\": 3}"), 9),
              ElementsAre("one", "two", "{\"prompt\": 3}"));
  EXPECT_THAT(*ReadPrompts(Write("a.txt", "one\ntwo\nthree\n"), 2), ElementsAre("one", "two"));
}

TEST_F(PromptFile, JsonlHoldsAPromptOrTurns) {
  const std::string both =
      "{\"question_id\": 81, \"turns\": [\"Say it.\\nTwice.\", \"Again.\"]}\n"
      "{\"task_id\": \"H/0\", \"prompt\": \"def f():\\n\", \"test\": \"\"}\n";
  EXPECT_THAT(*ReadPrompts(Write("b.jsonl", both), 9), ElementsAre("Say it.\nTwice.", "def f():\n"));
}

TEST_F(PromptFile, OtherShapesAreRefusedWithTheirLine) {
  const std::string good = "{\"prompt\": \"p\"}\n\n";
  for (const char* bad : {"{\"text\": \"t\"}", "{\"prompt\": 1}", "{\"turns\": []}", "{\"turns\": [1]}",
                          "{\"turns\": \"t\"}", "[]", "3", "null", "{\"prompt\": ", "not json", "\x01\xFF"}) {
    EXPECT_THAT(Refused("c.jsonl", good + bad), HasSubstr("c.jsonl:3: ")) << bad;
  }
  EXPECT_THAT(Refused("d.jsonl", std::string(100'000, '[')), HasSubstr("d.jsonl:1: "));
}

TEST_F(PromptFile, LinesAndFilesAreBounded) {
  const std::string most(1 << 20, 'x');
  EXPECT_EQ(ReadPrompts(Write("e.txt", most + "\nend"), 9)->size(), 2u);
  EXPECT_EQ(ReadPrompts(Write("e.txt", most), 9)->front().size(), most.size());
  EXPECT_THAT(Refused("e.txt", "a\n" + most + "x\n"), HasSubstr("e.txt:2: the line is longer than 1048576"));
  EXPECT_EQ(ReadPrompts("/dev/zero", 1).error().code, ErrorCode::kFile);
}

TEST_F(PromptFile, NoPromptIsAnError) {
  EXPECT_THAT(Refused("f.txt", "\n\r\n"), HasSubstr("holds no prompt"));
  EXPECT_THAT(Refused("f.jsonl", "{\"prompt\": \"\"}"), HasSubstr("holds no prompt"));
  EXPECT_THAT(ReadPrompts(Path("absent"), 1).error().message, HasSubstr("cannot read"));
  EXPECT_EQ(ReadPrompts(folder(), 1).error().code, ErrorCode::kFile);
}

TEST(BuiltinPrompts, AreTenAndDiffer) {
  const auto& prompts = BuiltinPrompts();
  EXPECT_EQ(prompts.size(), 10u);
  EXPECT_EQ(std::set<std::string>(prompts.begin(), prompts.end()).size(), 10u);
}

}  // namespace
}  // namespace tandem
