// Runs the built program as a user does: words in, exit code, stdout and stderr out.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace tandem::testing {

struct Ran {
  int code = -1;         // exit code; 128 + signal when a signal ended it
  std::string out, err;  // all of it
};

// A running build/tandem, started in the repository's root.
class RunningTandem {
 public:
  explicit RunningTandem(const std::vector<std::string>& words);
  ~RunningTandem();  // SIGKILL if it still runs
  RunningTandem(const RunningTandem&) = delete;
  RunningTandem& operator=(const RunningTandem&) = delete;

  // Blocks until stdout has begun; false if it ended without a byte.
  bool WaitForText();
  // Blocks until a line of stderr holds `mark`, and returns what follows it there; empty if stderr ended
  // before.
  std::string WaitForError(const std::string& mark);
  void Signal(int signal);
  // Sends the signal, if not 0, and waits for the end.
  Ran Finish(int signal = 0);

 private:
  pid_t pid_ = -1;
  int out_ = -1, err_ = -1;
  Ran ran_;
};

Ran RunTandem(const std::vector<std::string>& words);

// `tandem run` with the demo draft, one thread, seed 1, 48 tokens, the prompt kStory, and `more` words.
inline constexpr const char* kStory = "Once upon a time, there was a little bear";
std::vector<std::string> StoryRun(const std::vector<std::string>& more);

// `tandem cloud` on a free port, running until destruction.
class CloudProcess {
 public:
  explicit CloudProcess(const std::vector<std::string>& more = {});

  bool listening() const { return !port_.empty(); }
  const std::string& port() const { return port_; }
  std::string url() const { return "ws://127.0.0.1:" + port_; }
  RunningTandem& process() { return process_; }

 private:
  RunningTandem process_;
  std::string port_;
};

}  // namespace tandem::testing
