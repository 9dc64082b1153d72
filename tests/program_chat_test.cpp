// The built program in conversation: turns, commands, interrupts, templates.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "testing/program.h"
#include "testing/scratch_files.h"
#include "testing/templated_model.h"

namespace tandem::testing {
namespace {

using Words = std::vector<std::string>;
using Json = nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;

Words ChatWords(const Words& more) {
  Words words = {"chat", "-n", "16", "--threads", "1", "--model", "demo-draft-q8_0.gguf", "--seed", "1"};
  words.insert(words.end(), {"--template", "chatml"});
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

// Types all of it at once, then ends.
Ran Chat(const Words& more, const std::string& typed) {
  RunningTandem running(ChatWords(more), {.typing = true});
  running.Type(typed);
  running.EndTyping();
  return running.Finish();
}

std::vector<Json> Turns(const Ran& ran) {
  std::vector<Json> turns;
  std::istringstream lines(ran.out);
  for (std::string line; std::getline(lines, line);) turns.push_back(Json::parse(line));
  return turns;
}

TEST(ProgramChat, TurnsGoOnFromAllThatWasSaid) {
  const Ran ran = Chat({"--json"}, "Tell me of a bear.\nAnd then?\n");
  ASSERT_EQ(ran.code, 0) << ran.err;
  const std::vector<Json> turns = Turns(ran);
  ASSERT_EQ(turns.size(), 2u);
  EXPECT_EQ(turns[1].at("prompt"), "And then?");
  // Another first question, another second answer; /clear forgets it.
  const std::vector<Json> other = Turns(Chat({"--json"}, "Tell me of a car.\nAnd then?\n"));
  EXPECT_NE(turns[1].at("text"), other[1].at("text"));
  const std::vector<Json> cleared =
      Turns(Chat({"--json"}, "Tell me of a car.\n/clear\nTell me of a bear.\nAnd then?\n"));
  EXPECT_EQ(cleared[1].at("tokens"), turns[0].at("tokens"));
  EXPECT_EQ(cleared[2].at("tokens"), turns[1].at("tokens"));
}

TEST(ProgramChat, TheFirstTurnIsRunWithChat) {
  const Ran chat = Chat({"--system", "Be brief."}, "Tell me of a bear.\n");
  const Words run = {"run", "-p",      "Tell me of a bear.",  "-n", "16", "--threads", "1", "--seed",
                     "1",   "--model", "demo-draft-q8_0.gguf"};
  const auto with = [&](const Words& more) {
    Words words = run;
    words.insert(words.end(), more.begin(), more.end());
    return RunTandem(words).out;
  };
  EXPECT_EQ(chat.out, with({"--chat", "--template", "chatml", "--system", "Be brief."}) + "\n");
  EXPECT_NE(chat.out, with({"--chat", "--template", "chatml"}) + "\n");
  EXPECT_NE(chat.out, with({}) + "\n");
}

TEST(ProgramChat, EveryModeAnswersAlikeTurnByTurn) {
  CloudProcess cloud;
  const std::string typed = "Tell me of a bear.\nAnd then?\nWhat did it eat?\n";
  const Ran streamed = Chat({"--mode", "cloud", "--cloud", cloud.url()}, typed);
  ASSERT_EQ(streamed.code, 0) << streamed.err;
  EXPECT_EQ(Chat({"--mode", "speculate", "--cloud", cloud.url()}, typed).out, streamed.out);
}

TEST(ProgramChat, MessagesOfManyLinesAndCommands) {
  const Ran ran =
      Chat({"--json"}, "one\\\ntwo\n\"\"\"\nthree\nfour\n\"\"\"\n\n//five\n/help\n/nothing\n/quit\nsix\n");
  ASSERT_EQ(ran.code, 0) << ran.err;
  std::vector<std::string> said;
  for (const Json& turn : Turns(ran)) said.push_back(turn.at("prompt"));
  EXPECT_EQ(said, (std::vector<std::string>{"one\ntwo", "three\nfour", "/five"}));
  EXPECT_THAT(ran.err, HasSubstr("/clear begins a new chat"));
  EXPECT_THAT(ran.err, HasSubstr("there is no /nothing"));
}

TEST(ProgramChat, InterruptStopsTheAnswerAndNotTheChat) {
  CloudProcess cloud;
  RunningTandem chat(
      ChatWords({"-n", "128", "--mode", "sync", "--cloud", cloud.url(), "--rtt", "100ms", "--draft", "1"}),
      {.typing = true});
  chat.Type("Tell me of a bear.\n");
  ASSERT_TRUE(chat.WaitForText());
  chat.Signal(SIGINT);
  chat.Type("/nothing\n");
  EXPECT_NE(chat.WaitForError("there is no"), "");  // it lives and listens
  chat.Signal(SIGINT);
  EXPECT_NE(chat.WaitForError("once more"), "");
  const Ran ran = chat.Finish(SIGINT);
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_GT(ran.out.size(), 1u);
  EXPECT_LT(ran.out.size(), 400u);
}

TEST(ProgramChat, TermEndsIt) {
  RunningTandem chat(ChatWords({}), {.typing = true});
  chat.Type("/nothing\n");
  EXPECT_NE(chat.WaitForError("there is no"), "");
  EXPECT_EQ(chat.Finish(SIGTERM).code, 128 + SIGTERM);
}

TEST(ProgramChat, AFullContextIsToldAndClearHelps) {
  std::string long_message;
  for (int i = 0; i < 300; ++i) long_message += "bear ";
  const Ran full = Chat({}, long_message + "\n");
  EXPECT_EQ(full.code, 5) << full.err;
  EXPECT_THAT(full.err, HasSubstr("256"));
  EXPECT_THAT(full.err, HasSubstr("/clear"));
  EXPECT_EQ(Chat({}, long_message + "\n/clear\nTell me of a bear.\n").code, 0);
}

TEST(ProgramChat, ALostCloudLeavesTheChatAsItWas) {
  const Ran ran = Chat({"--cloud", "ws://127.0.0.1:9"}, "Tell me of a bear.\n");
  EXPECT_EQ(ran.code, 6) << ran.err;
  EXPECT_THAT(ran.err, HasSubstr("127.0.0.1:9"));
}

class ChatTemplates : public ScratchFiles {};

TEST_F(ChatTemplates, TheModelsOwnIsUsed) {
  const std::string whole = Read(TANDEM_SOURCE_DIR "/models/demo-draft-q8_0.gguf");
  const std::string path = Write("chatty.gguf", WithChatTemplate(whole, kChatMl));
  const Words run = {"run", "-p",    "Tell me of a bear.", "-n", "16", "--threads", "1", "--seed",
                     "1",   "--chat"};
  const auto with = [&](const Words& more) {
    Words words = run;
    words.insert(words.end(), more.begin(), more.end());
    return RunTandem(words);
  };
  const Ran own = with({"--model", path});
  EXPECT_EQ(own.code, 0) << own.err;
  EXPECT_EQ(own.out, with({"--model", "demo-draft-q8_0.gguf", "--template", "chatml"}).out);
  const Ran strange = with({"--model", Write("strange.gguf", WithChatTemplate(whole, "{{ bos }} hm"))});
  EXPECT_EQ(strange.code, 4);
  EXPECT_THAT(strange.err, HasSubstr("none that libllama knows"));
}

TEST_F(ChatTemplates, AModelWithoutOneSaysSo) {
  for (const Words& words :
       {Words{"chat", "--seed", "1", "--model", "demo-draft-q8_0.gguf"},
        Words{"run", "--seed", "1", "--model", "demo-draft-q8_0.gguf", "-p", "x", "--chat"}}) {
    const Ran ran = RunTandem(words);
    EXPECT_EQ(ran.code, 4);
    EXPECT_EQ(ran.out, "");
    EXPECT_THAT(ran.err, HasSubstr("has no chat template: --template chatml"));
  }
  const Ran wrong = RunTandem({"chat", "--model", "demo-draft-q8_0.gguf", "--template", "no-such"});
  EXPECT_EQ(wrong.code, 2);
  EXPECT_THAT(wrong.err, HasSubstr("no-such"));
}

}  // namespace
}  // namespace tandem::testing
