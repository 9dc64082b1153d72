// Runs the built program as a user does: words in, exit code, stdout and stderr out.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace tandem::testing {

struct Ran {
  int code = -1;  // exit code; 128 + signal when a signal ended it
  std::string out, err;
};

// Runs build/tandem in the repository's root and waits for its end. After `interrupt_after_ms` (if positive)
// it gets SIGINT.
Ran RunTandem(const std::vector<std::string>& words, int interrupt_after_ms = 0);

// `tandem cloud` on a free port, running until destruction.
class CloudProcess {
 public:
  explicit CloudProcess(const std::vector<std::string>& more = {});
  ~CloudProcess();  // SIGKILL if it still runs
  CloudProcess(const CloudProcess&) = delete;
  CloudProcess& operator=(const CloudProcess&) = delete;

  const std::string& url() const { return url_; }  // "ws://127.0.0.1:12345", empty when it never listened
  std::string port() const { return url_.substr(url_.rfind(':') + 1); }
  Ran Stop(int signal);  // sends it and waits

 private:
  void ReadUntilListening();

  pid_t pid_ = -1;
  int out_ = -1, err_ = -1;
  std::string seen_, url_;
};

}  // namespace tandem::testing
