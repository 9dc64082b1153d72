// How many threads a step should use now. ggml's threads meet at a spinning barrier after every node of a
// graph, hundreds of times a step; when one of them has lost its core to other work, all wait for the
// scheduler's next turn (measured: two threads on two cores under a load of 8 are up to 30 times slower than
// one). So the engine computes with as many threads as the machine has cores to spare. The number changes no
// bit of the result.
#pragma once

#include <chrono>
#include <optional>

namespace tandem {

// CPU seconds since some start, of the cores this process may use and of this process.
struct CpuUse {
  double wall = 0;  // seconds of one core
  double busy = 0;  // of all these cores together, niced work left out: it yields to ours
  double own = 0;
  int cores = 0;
};

// Linux: /proc/stat and the process's clock, about 50 us; nullopt elsewhere or when it cannot be read.
std::optional<CpuUse> ReadCpuUse();

// Threads, 1 to max, that find a core of their own, if others go on as they did between the two readings.
int ThreadsToSpare(const CpuUse& before, const CpuUse& now, int max);

// One thread at a time.
class ThreadBudget {
 public:
  // `max` threads at most. Starts from the tasks of others that are runnable now; takes 3 ms to look.
  explicit ThreadBudget(int max);

  // Looks at the machine four times a second at most, else returns the last answer.
  int Now();

 private:
  using SteadyTime = std::chrono::steady_clock::time_point;

  int max_;
  int threads_;
  std::optional<CpuUse> last_;
  SteadyTime looked_;
};

}  // namespace tandem
