// 64 edges against one `tandem cloud`, one text after the other, for ten minutes (TANDEM_ENDURANCE: seconds):
// every text is exact, no session is lost, and the cloud's memory is flat. Slow (EnduranceSlow); the fast
// tests run the same for three seconds with eight.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>

#include "testing/exactness_case.h"
#include "testing/program.h"

namespace tandem::testing {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kTexts = 24;                    // different ones, written again and again
constexpr std::chrono::seconds kSettles{60};  // a shorter run says nothing of memory

// Of a process, bytes.
double ResidentBytes(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("VmRSS:")) return std::strtod(line.c_str() + 6, nullptr) * 1024;
  }
  return 0;
}

// Median of what is resident until `end`: sessions come and go, so a moment says little.
double UsualBytes(pid_t pid, Clock::time_point end) {
  std::vector<double> samples;
  do {
    samples.push_back(ResidentBytes(pid));
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
  } while (Clock::now() < end);
  std::nth_element(samples.begin(), samples.begin() + static_cast<std::ptrdiff_t>(samples.size() / 2),
                   samples.end());
  return samples[samples.size() / 2];
}

class Endurance : public ::testing::Test {
 protected:
  void SetUp() override {
    target_ = LoadOrDie(TANDEM_SOURCE_DIR "/models/demo-target-q8_0.gguf");
    draft_ = LoadOrDie(TANDEM_SOURCE_DIR "/models/demo-draft-q8_0.gguf");
    const std::vector<std::string> prompts = StoryPrompts();
    for (int i = 0; i < kTexts; ++i) {
      ExactnessCase c;
      c.prompt = target_.vocab->Tokenize(prompts[static_cast<size_t>(i)], true, false).value();
      c.sampling.seed = static_cast<uint64_t>(i);
      c.max_tokens = 24 + i * 3;
      c.draft = &draft_;
      texts_.push_back(WriteAlone(c, target_));
      cases_.push_back(std::move(c));
    }
  }

  // An edge writes until `end`; every other one streams without drafts.
  void Write(int client, uint16_t port, Clock::time_point end) {
    for (int n = client; Clock::now() < end; n += 7) {
      const auto which = static_cast<size_t>(n % kTexts);
      const RunResult run =
          RunCase(cases_[which], client % 2 == 0 ? Mode::kAuto : Mode::kCloud, target_, port);
      const std::lock_guard lock(mutex_);
      ++written_;
      if (run.finish == Finish::kError)
        trouble_ += "client " + std::to_string(client) + ": " + run.error->message + "\n";
      else if (run.tokens != texts_[which] || run.stats.reconnects > 0)
        trouble_ +=
            "client " + std::to_string(client) + ": text " + std::to_string(which) + " is another one\n";
    }
  }

  void Endure(int clients, std::chrono::seconds time) {
    CloudProcess cloud({"--max-sessions", std::to_string(clients), "--json"});
    const auto port = static_cast<uint16_t>(std::stoi(cloud.port()));
    const Clock::time_point begin = Clock::now(), end = begin + time;
    std::vector<std::thread> edges;
    for (int i = 0; i < clients; ++i) edges.emplace_back([=, this] { Write(i, port, end); });
    // The first quarter fills the caches and finds the largest steps.
    std::this_thread::sleep_until(begin + time / 4);
    const double early = UsualBytes(cloud.process().pid(), begin + time / 2);
    std::this_thread::sleep_until(begin + time * 3 / 4);
    const double late = UsualBytes(cloud.process().pid(), end);
    for (std::thread& edge : edges) edge.join();
    const Ran ran = cloud.process().Finish(SIGTERM);
    ASSERT_EQ(ran.code, 0) << ran.err;
    const auto totals = nlohmann::json::parse(ran.out).at("totals");
    EXPECT_EQ(trouble_, "");
    EXPECT_EQ(totals.at("sessions_opened"), written_);
    EXPECT_EQ(totals.at("sessions_faulted"), 0);
    EXPECT_GT(early, 0);
    EXPECT_TRUE(time < kSettles || late <= early * 1.05 + 2e6) << early << " bytes grew to " << late;
    std::printf("%d clients, %ld s: %d texts, %.1f MB in the second quarter, %.1f MB in the last\n", clients,
                static_cast<long>(time.count()), written_, early / 1e6, late / 1e6);
  }

  LoadedModel target_, draft_;
  std::vector<ExactnessCase> cases_;
  std::vector<std::vector<Token>> texts_;

  std::mutex mutex_;
  int written_ = 0;
  std::string trouble_;
};

TEST_F(Endurance, ManyEdgesForAMoment) {
  Endure(8, std::chrono::seconds(3));
}

using EnduranceSlow = Endurance;

// ./dev test-slow endurance
TEST_F(EnduranceSlow, SixtyFourEdgesForTenMinutes) {
  const char* seconds = std::getenv("TANDEM_ENDURANCE");
  Endure(64, std::chrono::seconds(seconds != nullptr ? std::atoi(seconds) : 600));
}

}  // namespace
}  // namespace tandem::testing
