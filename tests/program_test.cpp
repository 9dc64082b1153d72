// The built program from end to end: texts on stdout, equal bytes from both modes, and one sentence and an
// exit code for everything that can go wrong at the door.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "testing/program.h"
#include "wire/frame.h"
#include "wire/websocket.h"

namespace tandem::testing {
namespace {

namespace fs = std::filesystem;
using Words = std::vector<std::string>;
using Json = nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kStory = "Once upon a time, there was a little bear";

Words StoryRun(Words more) {
  Words words = {"run",    "-p", kStory, "-n", "48", "--threads", "1", "--model", "demo-draft-q8_0.gguf",
                 "--seed", "1"};
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

size_t Lines(const std::string& text) {
  return static_cast<size_t>(std::count(text.begin(), text.end(), '\n'));
}

class Files : public ::testing::Test {
 protected:
  Files() {
    char name[] = "/tmp/tandem-program-XXXXXX";
    folder_ = mkdtemp(name);
  }
  ~Files() override { fs::remove_all(folder_); }

  std::string Path(const std::string& name) const { return folder_ + "/" + name; }
  std::string Write(const std::string& name, const std::string& text) const {
    std::ofstream(Path(name), std::ios::binary) << text;
    return Path(name);
  }
  static std::string Read(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

 private:
  std::string folder_;
};

// ---- What is written ----

TEST(Program, EdgeWritesTheSameTextForTheSameSeed) {
  Ran first = RunTandem(StoryRun({}));
  EXPECT_EQ(first.code, 0) << first.err;
  EXPECT_GT(first.out.size(), 50u);
  EXPECT_THAT(first.out, Not(HasSubstr(kStory)));  // the continuation only
  EXPECT_EQ(RunTandem(StoryRun({"--threads", "2"})).out, first.out);
  EXPECT_NE(RunTandem(StoryRun({"--seed", "2"})).out, first.out);
}

TEST(Program, EdgeNeverConnects) {
  Ran ran = RunTandem(StoryRun({"--mode", "edge", "--cloud", "ws://127.0.0.1:9", "--retry-for", "0"}));
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_EQ(ran.out, RunTandem(StoryRun({})).out);
}

TEST(Program, CloudAndSpeculateWriteTheSameBytes) {
  CloudProcess cloud;
  ASSERT_TRUE(cloud.listening());
  for (const char* temperature : {"0", "0.8"}) {
    for (const char* seed : {"3", "4"}) {
      Words same = {"--cloud", cloud.url(), "--temp", temperature, "--seed", seed};
      auto with = [&](Words more) {
        more.insert(more.end(), same.begin(), same.end());
        return RunTandem(StoryRun(more));
      };
      Ran streamed = with({"--mode", "cloud"});
      ASSERT_EQ(streamed.code, 0) << streamed.err;
      EXPECT_GT(streamed.out.size(), 50u);
      for (const char* k : {"1", "3", "8"}) {
        Ran drafted = with({"--draft", k});
        EXPECT_EQ(drafted.code, 0) << drafted.err;
        EXPECT_EQ(drafted.out, streamed.out)
            << "k " << k << " seed " << seed << " temperature " << temperature;
      }
    }
  }
}

TEST(Program, ReportAddsUp) {
  CloudProcess cloud;
  for (const char* mode : {"edge", "cloud", "speculate"}) {
    Ran ran = RunTandem(StoryRun({"--mode", mode, "--cloud", cloud.url(), "--json"}));
    ASSERT_EQ(ran.code, 0) << ran.err;
    Json report = Json::parse(ran.out);
    const Json& stats = report.at("stats");
    auto count = [&](const char* name) { return stats.at(name).get<uint64_t>(); };
    EXPECT_EQ(report.at("mode"), mode);
    EXPECT_EQ(report.at("seed"), 1);
    EXPECT_EQ(report.at("prompt"), kStory);
    EXPECT_EQ(report.at("tokens").size(), count("generated"));
    EXPECT_LE(count("generated"), 48u);
    EXPECT_EQ(report.at("finish"), count("generated") == 48 ? "length" : "stop");
    EXPECT_LE(count("accepted"), count("verified"));
    EXPECT_LE(count("verified") + count("stale"), count("sent"));
    EXPECT_LE(count("sent"), count("drafted"));
    EXPECT_LE(stats.at("first_token_ms"), stats.at("total_ms"));
    EXPECT_GT(stats.at("peak_rss_mb").get<double>(), 1.0);
    bool linked = std::string(mode) != "edge";
    EXPECT_EQ(linked, count("setup_bytes") > 0);
    EXPECT_EQ(linked, count("downlink_bytes") > 0);
    EXPECT_EQ(std::string(mode) == "speculate", count("verified") > 0);
    EXPECT_EQ(RunTandem(StoryRun({"--mode", mode, "--cloud", cloud.url()})).out,
              report.at("text").get<std::string>());
  }
}

TEST(Program, UplinkStaysBelowSixteenBytesAToken) {
  CloudProcess cloud;
  for (const char* k : {"4", "6", "8"}) {
    Ran ran = RunTandem(StoryRun({"--cloud", cloud.url(), "--draft", k, "-n", "128", "--json"}));
    ASSERT_EQ(ran.code, 0) << ran.err;
    Json stats = Json::parse(ran.out).at("stats");
    double per_token = stats.at("uplink_bytes").get<double>() / stats.at("generated").get<double>();
    EXPECT_LE(per_token, 16.0) << "k " << k;
    EXPECT_GT(per_token, 1.0) << "k " << k;
  }
}

TEST(Program, ShapedLinkTakesItsRoundTrip) {
  CloudProcess cloud;
  Ran ran =
      RunTandem(StoryRun({"--cloud", cloud.url(), "-n", "8", "--rtt", "30ms", "--rate", "10mbit", "--json"}));
  ASSERT_EQ(ran.code, 0) << ran.err;
  EXPECT_GE(Json::parse(ran.out).at("stats").at("network_ms").get<double>(), 30.0);
}

TEST(Program, ColorsTokensOnlyWhenAsked) {
  EXPECT_THAT(RunTandem(StoryRun({"-n", "4"})).out, Not(HasSubstr("\x1b[")));
  EXPECT_THAT(RunTandem(StoryRun({"-n", "4", "--color", "always"})).out, HasSubstr("\x1b["));
}

// ---- Signals ----

TEST(Program, InterruptEndsTheTextWithWhatIsThere) {
  CloudProcess cloud;
  RunningTandem running(StoryRun({"--cloud", cloud.url(), "--rtt", "100ms", "--draft", "1", "-n", "128"}));
  ASSERT_TRUE(running.WaitForText());
  Ran ran = running.Finish(SIGINT);
  EXPECT_EQ(ran.code, 130) << ran.err;
  Ran whole = RunTandem(StoryRun({"--cloud", cloud.url(), "--draft", "1", "-n", "128"}));
  EXPECT_TRUE(whole.out.starts_with(ran.out));
  EXPECT_LT(ran.out.size(), whole.out.size());
}

TEST(Program, InterruptEndsAWaitForALostCloud) {
  auto cloud = std::make_unique<CloudProcess>();
  RunningTandem running(
      StoryRun({"--cloud", cloud->url(), "--rtt", "100ms", "--draft", "1", "-n", "128", "--json"}));
  RunningTandem shown(StoryRun({"--cloud", cloud->url(), "--rtt", "100ms", "--draft", "1", "-n", "128"}));
  ASSERT_TRUE(shown.WaitForText());
  cloud.reset();  // SIGKILL
  Ran ran = shown.Finish(SIGINT);
  EXPECT_EQ(ran.code, 130) << ran.err;
  EXPECT_GT(ran.out.size(), 0u);
  Ran json = running.Finish(SIGINT);
  EXPECT_EQ(json.code, 130) << json.err;
  EXPECT_TRUE(Json::parse(json.out).is_object());
}

TEST(Program, LosingTheCloudForGoodEndsWithTheTextSoFar) {
  auto cloud = std::make_unique<CloudProcess>();
  RunningTandem running(StoryRun(
      {"--cloud", cloud->url(), "--rtt", "100ms", "--draft", "1", "-n", "128", "--retry-for", "1s"}));
  ASSERT_TRUE(running.WaitForText());
  cloud.reset();  // SIGKILL
  Ran ran = running.Finish();
  EXPECT_EQ(ran.code, 6) << ran.err;
  EXPECT_GT(ran.out.size(), 0u);
}

TEST(Program, TermDrainsTheCloud) {
  CloudProcess cloud({"--json"});
  RunningTandem present(StoryRun({"--cloud", cloud.url(), "--rtt", "50ms"}));
  ASSERT_TRUE(present.WaitForText());
  cloud.process().Signal(SIGTERM);
  EXPECT_NE(cloud.process().WaitForError("finishing"), "");
  EXPECT_EQ(RunTandem(StoryRun({"--cloud", cloud.url()})).code, 7);
  Ran ran = present.Finish();
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_GT(ran.out.size(), 50u);
  Ran drained = cloud.process().Finish();
  EXPECT_EQ(drained.code, 0) << drained.err;
  Json report = Json::parse(drained.out);
  EXPECT_EQ(report.at("drained"), true);
  EXPECT_EQ(report.at("totals").at("sessions_opened"), 1);
}

TEST(Program, ASecondSignalEndsTheCloudAtOnce) {
  CloudProcess cloud;
  RunningTandem present(StoryRun({"--cloud", cloud.url(), "--rtt", "200ms", "--draft", "1", "-n", "128"}));
  ASSERT_TRUE(present.WaitForText());
  cloud.process().Signal(SIGTERM);
  EXPECT_NE(cloud.process().WaitForError("finishing"), "");
  EXPECT_EQ(cloud.process().Finish(SIGTERM).code, 128 + SIGTERM);
}

// ---- What can be wrong ----

class Refusals : public Files {
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
  std::unique_ptr<WsServer> server;
  WsServerCallbacks callbacks;
  callbacks.on_open = [](ConnId, const std::string&) {};
  callbacks.on_frame = [&](ConnId conn, Bytes) {
    Welcome welcome{.software = "tandem 9"};
    welcome.version = kProtocolVersion + 1;
    EXPECT_TRUE(server->Send(conn, Encode(welcome)));
  };
  callbacks.on_closed = [](ConnId, Error) {};
  auto listening = ListenWebSocket({.listen = "127.0.0.1:0"}, callbacks);
  ASSERT_TRUE(listening) << listening.error().message;
  server = std::move(*listening);
  ExpectFailedRun(StoryRun({"--cloud", "ws://" + server->address()}), 8, "protocol",
                  "protocol " + std::to_string(kProtocolVersion + 1));
}

TEST_F(Refusals, BusyEndsTheRunAtOnce) {
  CloudProcess cloud({"--max-sessions", "1"});
  RunningTandem first(StoryRun({"--cloud", cloud.url(), "--rtt", "200ms", "--draft", "1", "-n", "128"}));
  ASSERT_TRUE(first.WaitForText());
  ExpectFailedRun(StoryRun({"--cloud", cloud.url()}), 7, "busy", "1");
  EXPECT_EQ(first.Finish(SIGINT).code, 130);
}

// ---- The other verbs ----

// Minutes on a machine that has not made the padded target yet, else some seconds.
TEST(ProgramSlow, DemoWritesOneTextTwice) {
  Ran ran = RunTandem({"demo", "-n", "32", "--seed", "7", "--json"});
  ASSERT_EQ(ran.code, 0) << ran.err;
  Json demo = Json::parse(ran.out);
  EXPECT_EQ(demo.at("identical"), true);
  ASSERT_EQ(demo.at("modes").size(), 3u);
  EXPECT_EQ(demo.at("modes")[0].at("text"), demo.at("modes")[1].at("text"));
  EXPECT_GT(demo.at("modes")[0].at("text").get<std::string>().size(), 20u);
}

TEST(Program, ShowsAModel) {
  Ran ran = RunTandem({"model", "show", "demo-target-q8_0.gguf", "--json"});
  ASSERT_EQ(ran.code, 0) << ran.err;
  Json model = Json::parse(ran.out);
  EXPECT_EQ(model.at("architecture"), "llama");
  EXPECT_EQ(model.at("shape").at("layers"), 6);
  EXPECT_EQ(model.at("shape").at("width"), 288);
  EXPECT_EQ(model.at("vocabulary").at("size"), 8192);
  EXPECT_EQ(model.at("sha256"), "c6cd283e0d84408f24eab804b1ba9359d6a48b2ac8bfd050d61e98639f183faa");
  Ran people = RunTandem({"model", "show", "demo-target-q8_0.gguf"});
  EXPECT_THAT(people.out, HasSubstr("8192 ids"));
}

TEST_F(Files, PaddingKeepsTheText) {
  std::string padded = Path("padded.gguf");
  Ran made =
      RunTandem({"model", "pad", "demo-draft-q8_0.gguf", "--layers", "5", "--ff", "1024", "-o", padded});
  ASSERT_EQ(made.code, 0) << made.err;
  EXPECT_EQ(RunTandem(StoryRun({"--model", padded})).out, RunTandem(StoryRun({})).out);
}

TEST(Program, TellsItsVersion) {
  EXPECT_THAT(RunTandem({"version"}).out, HasSubstr("tandem " TANDEM_VERSION));
  EXPECT_EQ(Json::parse(RunTandem({"version", "--json"}).out).at("version"), TANDEM_VERSION);
}

TEST(Program, SaysWhatItChose) {
  Ran ran = RunTandem({"run", "-p", kStory, "-n", "4"});
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_THAT(ran.err, HasSubstr("demo-draft-q8_0.gguf"));
  EXPECT_THAT(ran.err, HasSubstr("seed "));
}

}  // namespace
}  // namespace tandem::testing
