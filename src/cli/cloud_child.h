// A cloud of this program's own: `tandem cloud` as a child on this machine's loopback, for the verbs that
// show or measure edge and cloud together. It ends with this object.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "cli/child_process.h"
#include "cli/demo_target.h"

namespace tandem {

struct CloudChildOptions {
  std::string model;  // path of the target
  int threads = 1;
  int max_sessions = 1;
  int prefix_cache = 0;      // 0: no text is spared its prompt by the one before it
  std::vector<int> cores{};  // that it may use; empty: all
};

class CloudChild {
 public:
  // Blocks until it listens, a minute at most; once. Errors as ChildProcess; `stopped` ends the waiting.
  Status Start(const CloudChildOptions& options, const std::function<bool()>& stopped);

  // The same with the demo's target, padded first (demo_target.h): at most two threads, one session.
  Result<DemoTarget> StartDemo(const std::function<void(const std::string&)>& tell,
                               const std::function<bool()>& stopped);

  void Kill() { process_.Kill(); }  // without a warning, from any thread
  void Stop() { process_.Stop(); }

  const std::string& url() const { return url_; }  // ws://HOST:PORT
  pid_t pid() const { return process_.pid(); }

 private:
  ChildProcess process_;
  std::string url_;
};

}  // namespace tandem
