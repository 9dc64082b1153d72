// Real processes, real models, real faults: two clouds behind two bad links, killed and frozen at random
// moments, while a text is written in every mode that has a cloud. The text is the unfaulted one, always.
#include <gtest/gtest.h>

#include <signal.h>

#include <chrono>
#include <memory>
#include <random>
#include <thread>

#include "testing/program.h"

namespace tandem::testing {
namespace {

using Words = std::vector<std::string>;

constexpr int kFaults = 50;

// A cloud and the proxy that edges reach it through.
class Replica {
 public:
  explicit Replica(uint64_t seed)
      : cloud_(std::make_unique<CloudProcess>()),
        link_({"link", "--listen", "127.0.0.1:0", "--to", "127.0.0.1:" + cloud_->port(), "--rtt", "20ms",
               "--jitter", "5ms", "--loss", "1%", "--seed", std::to_string(seed)}) {
    url_ = "ws://" + link_.WaitForError("listening on ");
  }

  const std::string& url() const { return url_; }
  CloudProcess& cloud() { return *cloud_; }
  RunningTandem& link() { return link_; }

 private:
  std::unique_ptr<CloudProcess> cloud_;
  RunningTandem link_;
  std::string url_;
};

void Pause(int ms) {
  std::this_thread::sleep_for(std::chrono::milliseconds(ms));
}

// One fault of a random kind at a random moment of a text.
void OneFault(uint64_t seed) {
  std::mt19937_64 random(seed);
  const auto below = [&](int n) { return static_cast<int>(random() % static_cast<uint64_t>(n)); };
  const char* const modes[] = {"cloud", "sync", "speculate", "auto"};
  const std::string mode = modes[below(4)];
  auto first = std::make_unique<Replica>(seed);
  Replica second(seed + 1);
  const Words words = {"--cloud", first->url(), "--cloud", second.url(),
                       "--mode",  mode,         "--draft", std::to_string(1 + below(6)),
                       "-n",      "64",         "--seed",  std::to_string(seed)};
  const Ran whole = RunTandem(StoryRun(
      {"--cloud", second.cloud().url(), "--mode", "cloud", "-n", "64", "--seed", std::to_string(seed)}));
  ASSERT_EQ(whole.code, 0) << whole.err;
  RunningTandem running(StoryRun(words));
  ASSERT_TRUE(running.WaitForText());
  Pause(below(200));
  const int kind = below(4);
  if (kind == 0) first.reset();                             // SIGKILL, of cloud and link
  if (kind == 1) first->cloud().process().Signal(SIGTERM);  // drains
  if (kind == 2) first->link().Signal(SIGKILL);             // the path alone
  if (kind == 3) {
    first->link().Signal(SIGSTOP);  // half-open for a while
    Pause(300);
    first->link().Signal(SIGCONT);
  }
  const Ran ran = running.Finish();
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_EQ(ran.out, whole.out) << "seed " << seed << ", mode " << mode << ", fault " << kind;
}

TEST(ProgramFaults, FiveFaultsAndTheTextIsWhole) {
  for (uint64_t seed = 1; seed <= 5; ++seed) OneFault(seed);
}

TEST(ProgramFaultsSlow, FiftyFaultsAndTheTextIsWhole) {
  for (uint64_t seed = 100; seed < 100 + kFaults; ++seed) OneFault(seed);
}

}  // namespace
}  // namespace tandem::testing
