// See thread_budget.h.
#include "decode/thread_budget.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <limits>
#include <string>
#include <thread>

#ifdef __linux__
#include <sched.h>
#include <time.h>
#include <unistd.h>
#endif

namespace tandem {

namespace {

constexpr std::chrono::milliseconds kBetweenLooks(250);  // 25 ticks of the kernel's clock: steps of 4 percent
constexpr double kTolerated = 0.4;  // of a core that others may use before a thread is given up

#ifdef __linux__

double SecondsOfThisProcess() {
  timespec t{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}

// Threads of this process that run or wait for a core, this one included.
int OwnRunnableTasks() {
  int running = 0;
  std::error_code error;
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task", error)) {
    std::string stat;
    std::getline(std::ifstream(task.path() / "stat"), stat);
    const size_t name_end = stat.rfind(')');  // the state stands behind the name
    if (name_end != std::string::npos && stat.compare(name_end, 3, ") R") == 0) ++running;
  }
  return running;
}

// Tasks of others that run or wait for a core at this moment: the least of a few looks, since short ones come
// and go.
int OthersRunnableTasks() {
  int least = std::numeric_limits<int>::max();
  for (int look = 0; look < 4; ++look) {
    if (look > 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    std::ifstream in("/proc/loadavg");
    double skip = 0;
    int running = 0;
    in >> skip >> skip >> skip >> running;  // "0.20 0.18 0.12 1/80 11206"
    least = std::min(least, in ? running - OwnRunnableTasks() : 0);
  }
  return std::max(least, 0);
}

#else

int OthersRunnableTasks() {
  return 0;
}

#endif

}  // namespace

#ifdef __linux__

std::optional<CpuUse> ReadCpuUse() {
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof(allowed), &allowed) != 0) return std::nullopt;
  const double tick = 1.0 / static_cast<double>(sysconf(_SC_CLK_TCK));
  CpuUse use;
  double total = 0;
  std::ifstream in("/proc/stat");
  for (std::string line; std::getline(in, line) && line.starts_with("cpu");) {
    // cpuN user nice system idle iowait irq softirq steal
    int cpu = 0;
    unsigned long long t[8] = {};
    if (std::sscanf(line.c_str(), "cpu%d %llu %llu %llu %llu %llu %llu %llu %llu", &cpu, t, t + 1, t + 2,
                    t + 3, t + 4, t + 5, t + 6, t + 7) != 9)
      continue;  // the line of the sum
    if (cpu < 0 || cpu >= CPU_SETSIZE || !CPU_ISSET(cpu, &allowed)) continue;
    const double busy = tick * static_cast<double>(t[0] + t[2] + t[5] + t[6] + t[7]);
    total += busy + tick * static_cast<double>(t[1] + t[3] + t[4]);
    use.busy += busy;
    ++use.cores;
  }
  if (use.cores == 0) return std::nullopt;
  use.wall = total / use.cores;
  use.own = SecondsOfThisProcess();
  return use;
}

#else

std::optional<CpuUse> ReadCpuUse() {
  return std::nullopt;
}

#endif

int ThreadsToSpare(const CpuUse& before, const CpuUse& now, int max) {
  const double wall = now.wall - before.wall;
  if (wall <= 0 || now.cores != before.cores) return max;
  const double others = std::max(0.0, (now.busy - before.busy) - (now.own - before.own)) / wall;
  const double spare = static_cast<double>(now.cores) - others + kTolerated;
  return std::clamp(static_cast<int>(std::floor(spare)), 1, max);
}

ThreadBudget::ThreadBudget(int max)
    : max_(max), threads_(max), last_(ReadCpuUse()), looked_(std::chrono::steady_clock::now()) {
  if (last_ && max > 1) threads_ = std::clamp(last_->cores - OthersRunnableTasks(), 1, max);
}

int ThreadBudget::Now() {
  if (max_ == 1 || !last_) return max_;
  const SteadyTime now = std::chrono::steady_clock::now();
  if (now - looked_ < kBetweenLooks) return threads_;
  looked_ = now;
  if (const auto use = ReadCpuUse()) {
    threads_ = ThreadsToSpare(*last_, *use, max_);
    last_ = use;
  }
  return threads_;
}

}  // namespace tandem
