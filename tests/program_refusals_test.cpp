// The built program refuses: one sentence and an exit code for everything that can go wrong at the door.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <future>
#include <nlohmann/json.hpp>
#include <thread>

#include "testing/program.h"
#include "testing/scratch_files.h"
#include "wire/frame.h"
#include "wire/websocket.h"

namespace tandem::testing {
namespace {

using Words = std::vector<std::string>;
using Json = nlohmann::json;
using ::testing::HasSubstr;

size_t Lines(const std::string& text) {
  return static_cast<size_t>(std::count(text.begin(), text.end(), '\n'));
}

class Refusals : public ScratchFiles {
 protected:
  // The exit code, one line on stderr with `words` in it, nothing on stdout; and the same as JSON.
  static void Expect(const Words& words, int code, const char* name, const Words& said) {
    Ran ran = RunTandem(words);
    EXPECT_EQ(ran.code, code) << ran.err;
    EXPECT_EQ(ran.out, "");
    EXPECT_EQ(Lines(ran.err), 1u) << ran.err;
    for (const std::string& word : said) EXPECT_THAT(ran.err, HasSubstr(word));
    Words json = words;
    json.push_back("--json");
    Ran as_json = RunTandem(json);
    EXPECT_EQ(as_json.code, code);
    Json object = Json::parse(as_json.out, nullptr, false);
    ASSERT_TRUE(object.is_object()) << as_json.out;
    EXPECT_EQ(object.at("error").at("code"), name);
    EXPECT_THAT(ran.err, HasSubstr(object.at("error").at("message").get<std::string>()));
  }
};

TEST_F(Refusals, Usage) {
  Expect(StoryRun({"--temp", "-1"}), 2, "usage", {"--temp", "'-1'", "0 to 100"});
  Expect(StoryRun({"--tmep", "1"}), 2, "usage", {"--tmep", "--temp"});
  Expect({"rnu"}, 2, "usage", {"rnu", "run"});
  Expect({"run", "--model", "demo-draft-q8_0.gguf", "--seed", "1", "-p", ""}, 2, "usage",
         {"prompt is empty"});
  Expect(StoryRun({"--mode", "cloud"}), 2, "usage", {"--cloud"});
  Expect(StoryRun({"--cloud", "http://127.0.0.1:1"}), 2, "usage", {"http://127.0.0.1:1"});
  Expect({"cloud", "--model", "demo-target-q8_0.gguf", "--listen", "0.0.0.0:0"}, 2, "usage",
         {"0.0.0.0", "token"});
}

TEST_F(Refusals, ModelFiles) {
  std::string whole = Read(TANDEM_SOURCE_DIR "/models/demo-draft-q8_0.gguf");
  ASSERT_GT(whole.size(), 1000000u);
  std::string hostile = whole;
  std::fill(hostile.begin() + 8, hostile.begin() + 24, '\xFF');  // counts of tensors and keys
  std::string strange = whole;
  size_t arch = strange.find("llama", strange.find("general.architecture"));
  strange.replace(arch, 5, "mamba");
  struct Case {
    std::string path;
    int code;
    const char* name;
  };
  for (const Case& c :
       {Case{Path("absent.gguf"), 3, "file"},
        Case{Write("model.safetensors", whole.substr(0, 100)), 3, "file"},
        Case{Write("short.gguf", whole.substr(0, whole.size() / 2)), 3, "file"},
        Case{Write("header.gguf", whole.substr(0, 40)), 3, "file"}, Case{Write("empty.gguf", ""), 3, "file"},
        Case{Write("hostile.gguf", hostile), 3, "file"}, Case{Write("mamba.gguf", strange), 4, "model"}}) {
    SCOPED_TRACE(c.path);
    Expect({"run", "-p", "x", "--seed", "1", "--model", c.path}, c.code, c.name, {c.path});
    Expect({"cloud", "--listen", "127.0.0.1:0", "--model", c.path}, c.code, c.name, {c.path});
    Expect({"model", "show", c.path}, c.code, c.name, {c.path});
  }
}

TEST_F(Refusals, PromptsTooLong) {
  std::string prompt;
  for (int i = 0; i < 300; ++i) prompt += "bear ";
  Words words = {"run", "-p", prompt, "--model", "demo-draft-q8_0.gguf", "--seed", "1"};
  Expect(words, 5, "context", {"256"});
  CloudProcess cloud;
  words.insert(words.end(), {"--mode", "cloud", "--cloud", cloud.url()});
  Ran ran = RunTandem(words);
  EXPECT_EQ(ran.code, 5) << ran.err;
  EXPECT_EQ(Lines(ran.err), 1u) << ran.err;
}

TEST_F(Refusals, TokenFiles) {
  Expect(StoryRun({"--cloud", "ws://127.0.0.1:9", "--token-file", Path("absent")}), 3, "file", {"absent"});
  Expect(StoryRun({"--cloud", "ws://127.0.0.1:9", "--token-file", Write("empty", "\n")}), 3, "file",
         {"no token"});
  Expect({"cloud", "--token-file", Path("absent")}, 3, "file", {"absent"});
}

// A run that failed at the cloud: exit code, one sentence, and a report that says the same.
void ExpectFailedRun(const Words& words, int code, const char* name, const std::string& said) {
  Ran ran = RunTandem(words);
  EXPECT_EQ(ran.code, code) << ran.err;
  EXPECT_EQ(ran.out, "");
  EXPECT_EQ(Lines(ran.err), 1u) << ran.err;
  EXPECT_THAT(ran.err, HasSubstr(said));
  Words json = words;
  json.push_back("--json");
  Json report = Json::parse(RunTandem(json).out);
  EXPECT_EQ(report.at("finish"), "error");
  EXPECT_EQ(report.at("error").at("code"), name);
  EXPECT_EQ(report.at("stats").at("generated"), 0);
}

TEST_F(Refusals, AtTheCloudsDoor) {
  ExpectFailedRun(StoryRun({"--cloud", "ws://127.0.0.1:9"}), 6, "network", "127.0.0.1:9");
  CloudProcess guarded({"--token-file", Write("secret", "open sesame\n")});
  EXPECT_FALSE(guarded.listening());  // a blank inside is no token
  CloudProcess locked({"--token-file", Write("key", "sesame\n")});
  ExpectFailedRun(StoryRun({"--cloud", locked.url()}), 9, "auth", "token");
  ExpectFailedRun(StoryRun({"--cloud", locked.url(), "--token-file", Write("wrong", "simsim")}), 9, "auth",
                  "token");
  Ran right = RunTandem(StoryRun({"--cloud", locked.url(), "--token-file", Path("key")}));
  EXPECT_EQ(right.code, 0) << right.err;
  Expect({"cloud", "--model", "demo-target-q8_0.gguf", "--listen", "127.0.0.1:" + locked.port()}, 10,
         "resource", {locked.port()});
}

TEST_F(Refusals, VocabulariesThatDiffer) {
  std::string other = Path("other.gguf");
  Ran made = RunTandem({"model", "random", "--like", "demo-draft-q8_0.gguf", "--vocab", "512", "--layers",
                        "1", "-o", other, "--json"});
  ASSERT_EQ(made.code, 0) << made.err;
  EXPECT_TRUE(Json::parse(made.out).is_object());
  CloudProcess cloud({"--model", other});
  ASSERT_TRUE(cloud.listening());
  ExpectFailedRun(StoryRun({"--cloud", cloud.url()}), 4, "model", "512");
}

// Answers every connection with an HTTP page, as a server that is no Tandem does.
TEST_F(Refusals, AServerThatIsNoTandem) {
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ASSERT_EQ(bind(listener, reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(listen(listener, 4), 0);
  getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);
  std::thread server([&] {
    for (int peer; (peer = accept(listener, nullptr, nullptr)) >= 0; close(peer)) {
      char request[2048];
      if (read(peer, request, sizeof request) <= 0) continue;
      const std::string page = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
      if (write(peer, page.data(), page.size()) < 0) continue;
    }
  });
  std::string url = "ws://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  ExpectFailedRun(StoryRun({"--cloud", url}), 8, "protocol", url.substr(5));
  shutdown(listener, SHUT_RDWR);
  server.join();
  close(listener);
}

TEST_F(Refusals, AServerOfAnotherProtocolVersion) {
  std::promise<WsServer*> listens;
  std::shared_future<WsServer*> server = listens.get_future().share();
  WsServerCallbacks callbacks;
  callbacks.on_open = [](ConnId, const std::string&) {};
  callbacks.on_frame = [&](ConnId conn, Bytes) {
    Welcome welcome{.software = "tandem 9"};
    welcome.version = kProtocolVersion + 1;
    EXPECT_TRUE(server.get()->Send(conn, Encode(welcome)));
  };
  callbacks.on_closed = [](ConnId, Error) {};
  auto listening = ListenWebSocket({.listen = "127.0.0.1:0"}, callbacks);
  ASSERT_TRUE(listening) << listening.error().message;
  listens.set_value(listening->get());
  ExpectFailedRun(StoryRun({"--cloud", "ws://" + (*listening)->address()}), 8, "protocol",
                  "protocol " + std::to_string(kProtocolVersion + 1));
}

TEST_F(Refusals, BusyEndsTheRunAtOnce) {
  CloudProcess cloud({"--max-sessions", "1"});
  RunningTandem first(
      StoryRun({"--cloud", cloud.url(), "--mode", "sync", "--rtt", "200ms", "--draft", "1", "-n", "128"}));
  ASSERT_TRUE(first.WaitForText());
  ExpectFailedRun(StoryRun({"--cloud", cloud.url()}), 7, "busy", "1");
  EXPECT_EQ(first.Finish(SIGINT).code, 130);
}

}  // namespace
}  // namespace tandem::testing
