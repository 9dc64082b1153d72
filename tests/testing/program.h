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

// What a started program finds around it beside the test's own environment, from which the user's
// configuration and TANDEM_ variables are taken away.
struct Around {
  std::vector<std::string> variables{};    // "TANDEM_TEMP=0"
  bool typing = false;                     // its stdin is what Type says; else it is empty
  std::string folder = TANDEM_SOURCE_DIR;  // it is started here
};

// A running build/tandem.
class RunningTandem {
 public:
  explicit RunningTandem(const std::vector<std::string>& words, const Around& around = {});
  ~RunningTandem();  // SIGKILL if it still runs
  RunningTandem(const RunningTandem&) = delete;
  RunningTandem& operator=(const RunningTandem&) = delete;

  // Blocks until stdout has begun, or gone on since the last call; false if it ended without a byte.
  bool WaitForText();
  // Blocks until a line of stderr holds `mark`, and returns what follows it there; empty if stderr ended
  // before.
  std::string WaitForError(const std::string& mark);
  void Type(const std::string& text);
  void EndTyping();
  void Signal(int signal);
  pid_t pid() const { return pid_; }
  // Sends the signal, if not 0, and waits for the end.
  Ran Finish(int signal = 0);

 private:
  pid_t pid_ = -1;
  int in_ = -1, out_ = -1, err_ = -1;
  Ran ran_;
};

Ran RunTandem(const std::vector<std::string>& words, const std::vector<std::string>& variables = {});
Ran RunTandemIn(const std::string& folder, const std::vector<std::string>& words);

// `tandem run` with the demo draft, one thread, seed 1, 48 tokens, the prompt kStory, and `more` words.
inline constexpr const char* kStory = "Once upon a time, there was a little bear";
std::vector<std::string> StoryRun(const std::vector<std::string>& more);

// `tandem cloud` on a free port, running until destruction.
class CloudProcess {
 public:
  explicit CloudProcess(const std::vector<std::string>& more = {});

  bool listening() const { return !url_.empty(); }
  std::string port() const { return url_.substr(url_.rfind(':') + 1); }
  const std::string& url() const { return url_; }  // as the program tells it
  RunningTandem& process() { return process_; }

 private:
  RunningTandem process_;
  std::string url_;
};

}  // namespace tandem::testing
