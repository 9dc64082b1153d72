// A child that runs this same program with other arguments.
#pragma once

#include <sys/types.h>

#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/result.h"
#include "base/types.h"

namespace tandem {

struct ChildSetup {
  std::string output{};      // file that its stdout goes to; empty: nowhere
  std::vector<int> cores{};  // that it may use; empty: all
};

// The child is in a process group of its own (a terminal's Ctrl-C does not reach it), has default signals,
// reads nothing, and dies when the thread that started it does. Its arguments are all that sets its options:
// no variable and no configuration file does. Its stderr is read all the time, so that it
// never blocks on it; the last lines are kept.
class ChildProcess {
 public:
  ChildProcess() = default;
  ~ChildProcess();  // Stop()
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  // Runs /proc/self/exe with `arguments`; once. kResource when it cannot be made.
  Status Start(const std::vector<std::string>& arguments, const ChildSetup& setup = {});

  // Waits until it has ended by itself; false when `patience` is over before.
  bool Ended(Micros patience);

  // The first line of stderr that contains `mark`. kInternal, with its last line, when the child ended before
  // or `patience` is over, or when `given_up` says so (asked about ten times a second).
  Result<std::string> WaitForLine(const std::string& mark, Micros patience,
                                  const std::function<bool()>& given_up);

  // SIGKILL, from any thread between Start and Stop; Stop has still to reap it.
  void Kill();
  // SIGTERM, and SIGKILL if it lives on for two seconds. Reaps it. Idempotent.
  void Stop();

  pid_t pid() const { return pid_; }

 private:
  void ReadLines(int fd);
  bool EndedWithin(Micros patience);

  pid_t pid_ = -1;
  std::thread reader_;
  std::mutex mutex_;  // guards what follows
  std::vector<std::string> lines_;
  bool stderr_ended_ = false;
};

}  // namespace tandem
