// See cloud_child.h.
#include "cli/cloud_child.h"

#include <algorithm>

#include "cli/model_path.h"
#include "edge/edge_model.h"

namespace tandem {

namespace {

constexpr Micros kStartPatience{60'000'000};
// More cores would need gigabytes of padding to make a step as slow as a large model's.
constexpr int kMostDemoThreads = 2;

}  // namespace

Status CloudChild::Start(const CloudChildOptions& options, const std::function<bool()>& stopped) {
  auto status =
      process_.Start({"cloud", "--model", options.model, "--listen", "127.0.0.1:0", "--threads",
                      std::to_string(options.threads), "--max-sessions", std::to_string(options.max_sessions),
                      "--prefix-cache", std::to_string(options.prefix_cache)},
                     {.output = {}, .cores = options.cores});
  if (!status) return status;
  const std::string scheme = "ws://";
  auto line = process_.WaitForLine("listening on " + scheme, kStartPatience, stopped);
  if (!line) return Forward(line);
  url_ = line->substr(line->find(scheme));
  return {};
}

Result<DemoTarget> CloudChild::StartDemo(const std::function<void(const std::string&)>& tell,
                                         const std::function<bool()>& stopped) {
  auto small = FindModel("demo-target-q8_0.gguf");
  if (!small) return Forward(small);
  const int threads = std::min(AllThreads(), kMostDemoThreads);
  auto target = PrepareDemoTarget(*small, CacheFolder() + "/demo", threads, tell, stopped);
  if (!target) return target;
  if (auto status = Start({.model = target->path, .threads = threads}, stopped); !status)
    return Forward(status);
  return target;
}

}  // namespace tandem
