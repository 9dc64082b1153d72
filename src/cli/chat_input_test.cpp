// What is typed at a chat: messages, commands, and the lines they come in.
#include "cli/chat_input.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <thread>

#include "cli/line_reader.h"

namespace tandem {
namespace {

using Kind = LineReader::Kind;

TEST(MessageLines, OneLineIsAMessage) {
  MessageLines lines;
  EXPECT_EQ(lines.Add("hello"), "hello");
  EXPECT_EQ(lines.Add(""), "");
  EXPECT_EQ(lines.Add("say \"\"\" now"), "say \"\"\" now");
}

TEST(MessageLines, ABackslashGoesOn) {
  MessageLines lines;
  EXPECT_EQ(lines.Add("one\\"), std::nullopt);
  EXPECT_TRUE(lines.open());
  EXPECT_EQ(lines.Add("\\"), std::nullopt);
  EXPECT_EQ(lines.Add("three"), "one\n\nthree");
  EXPECT_FALSE(lines.open());
  EXPECT_EQ(lines.Add("next"), "next");
}

TEST(MessageLines, QuotesHoldManyLines) {
  MessageLines lines;
  EXPECT_EQ(lines.Add("\"\"\""), std::nullopt);
  EXPECT_EQ(lines.Add(""), std::nullopt);
  EXPECT_EQ(lines.Add("/quit\\"), std::nullopt);
  EXPECT_TRUE(lines.open());
  EXPECT_EQ(lines.Add("\"\"\""), "\n/quit\\");
  EXPECT_EQ(lines.Add("\"\"\"first"), std::nullopt);
  EXPECT_EQ(lines.Add("last\"\"\""), "first\nlast");
  EXPECT_EQ(lines.Add("\"\"\"all\"\"\""), "all");
  EXPECT_EQ(lines.Add("\"\"\"\"\"\""), "");
}

TEST(MessageLines, ClearDropsWhatWasBegun) {
  MessageLines lines;
  lines.Add("\"\"\"one");
  lines.Clear();
  EXPECT_FALSE(lines.open());
  EXPECT_EQ(lines.Add("two"), "two");
}

TEST(ChatCommand, BeginsWithOneSlash) {
  EXPECT_EQ(CommandOf("/quit"), ChatCommand::kQuit);
  EXPECT_EQ(CommandOf("/help"), ChatCommand::kHelp);
  EXPECT_EQ(CommandOf("/clear"), ChatCommand::kClear);
  EXPECT_EQ(CommandOf("/qiut"), ChatCommand::kUnknown);
  EXPECT_EQ(CommandOf("//quit"), ChatCommand::kNone);
  EXPECT_EQ(CommandOf("quit"), ChatCommand::kNone);
}

struct Pipe {
  int ends[2] = {-1, -1};
  Pipe() { EXPECT_EQ(pipe2(ends, O_CLOEXEC), 0); }
  ~Pipe() {
    close(ends[0]);
    EndWriting();
  }
  void Write(const std::string& text) {
    ASSERT_EQ(write(ends[1], text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  void EndWriting() {
    if (ends[1] >= 0) close(ends[1]);
    ends[1] = -1;
  }
};

TEST(LineReader, LinesAndTheRest) {
  Pipe pipe;
  pipe.Write("one\r\n\ntwo\nrest");
  LineReader reader(pipe.ends[0]);
  for (const char* line : {"one", "", "two"}) {
    const LineReader::Event event = reader.Next();
    EXPECT_EQ(event.kind, Kind::kLine);
    EXPECT_EQ(event.line, line);
  }
  pipe.EndWriting();
  EXPECT_EQ(reader.Next().line, "rest");
  EXPECT_EQ(reader.Next().kind, Kind::kEnd);
  EXPECT_EQ(reader.Next().kind, Kind::kEnd);
}

TEST(LineReader, WakesAndLosesNothing) {
  Pipe pipe;
  LineReader reader(pipe.ends[0]);
  std::thread waker([&] { reader.Wake(); });
  EXPECT_EQ(reader.Next().kind, Kind::kWoken);
  waker.join();
  pipe.Write("still\n");
  EXPECT_EQ(reader.Next().line, "still");
}

TEST(LineReader, AnEndlessLineIsBounded) {
  const int zeros = open("/dev/zero", O_RDONLY | O_CLOEXEC);
  LineReader reader(zeros);
  EXPECT_LT(reader.Next().line.size(), size_t{1} << 21);
  close(zeros);
}

}  // namespace
}  // namespace tandem
