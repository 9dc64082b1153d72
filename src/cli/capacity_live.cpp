// See capacity_live.h.
#include "cli/capacity_live.h"

#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "cli/cloud_child.h"

namespace tandem {

namespace {

namespace fs = std::filesystem;

constexpr Micros kTextPatience{180'000'000}, kGlance{100'000};

// What one client's report tells.
struct ClientReport {
  double ms_per_token = 0;
  uint64_t generated = 0, accepted = 0, verified = 0;
};

Result<ClientReport> ReadReport(const std::string& path) {
  std::ifstream file(path);
  const auto json = nlohmann::json::parse(file, nullptr, false);
  if (!json.is_object() || !json.contains("stats"))
    return Fail(ErrorCode::kInternal, "a client's process left no report in {}", path);
  if (json.contains("error"))
    return Fail(ErrorCode::kInternal, "a client failed: {}", json["error"].value("message", ""));
  const auto& stats = json["stats"];
  return ClientReport{stats.value("ms_per_token", 0.0), stats.value("generated", uint64_t{0}),
                      stats.value("accepted", uint64_t{0}), stats.value("verified", uint64_t{0})};
}

// CPU time of a process so far, from /proc: fields 14 and 15 behind the name in brackets; 0 if it has none.
double CpuMs(pid_t pid) {
  std::ifstream file(fmt::format("/proc/{}/stat", pid));
  std::string line;
  std::getline(file, line);
  std::istringstream fields(line.substr(std::min(line.size(), line.rfind(')') + 1)));
  std::string skipped;
  for (int i = 3; i < 14; ++i) fields >> skipped;
  double user = 0, system = 0;
  fields >> user >> system;
  return (user + system) * 1000 / static_cast<double>(sysconf(_SC_CLK_TCK));
}

LiveFigures Sum(const std::vector<ClientReport>& reports, double server_ms) {
  LiveFigures figures;
  uint64_t accepted = 0, verified = 0, generated = 0;
  for (const ClientReport& report : reports) {
    figures.ms_per_token += report.ms_per_token / static_cast<double>(reports.size());
    if (report.ms_per_token > 0) figures.tokens_per_second += 1000 / report.ms_per_token;
    generated += report.generated;
    accepted += report.accepted;
    verified += report.verified;
  }
  if (generated > 0) figures.server_ms_per_token = server_ms / static_cast<double>(generated);
  if (verified > 0) figures.acceptance = static_cast<double>(accepted) / static_cast<double>(verified);
  return figures;
}

}  // namespace

std::vector<int> CoresAllowed() {
  cpu_set_t set;
  CPU_ZERO(&set);
  std::vector<int> cores;
  if (sched_getaffinity(0, sizeof(set), &set) != 0) return cores;
  for (int core = 0; core < CPU_SETSIZE; ++core) {
    if (CPU_ISSET(static_cast<size_t>(core), &set)) cores.push_back(core);
  }
  return cores;
}

struct LiveServer::State {
  State(const LiveLoad& l, const std::function<bool()>& s) : load(l), stopped(s) {
    const std::vector<int> cores = CoresAllowed();
    if (static_cast<int>(cores.size()) <= load.threads) return;  // nothing can be kept apart
    server_cores.assign(cores.begin(), cores.begin() + load.threads);
    client_cores.assign(cores.begin() + load.threads, cores.end());
  }

  std::vector<std::string> Words(int client, Mode mode) const {
    return {"run",       "--json",
            "--mode",    ModeName(mode),
            "--cloud",   cloud.url(),
            "--model",   load.draft,
            "--threads", "1",
            "--rtt",     fmt::format("{}us", load.rtt.count()),
            "--predict", std::to_string(load.tokens),
            "--seed",    std::to_string(load.seed + static_cast<uint64_t>(client)),
            "--prompt",  load.prompts[static_cast<size_t>(client) % load.prompts.size()]};
  }

  // Until the client has ended: its report.
  Result<ClientReport> Await(ChildProcess& client, const std::string& output) const {
    for (Micros waited{0}; !client.Ended(kGlance); waited += kGlance) {
      if (stopped()) return Fail(ErrorCode::kInternal, "interrupted while clients write");
      if (waited > kTextPatience)
        return Fail(ErrorCode::kInternal, "a client is not done after {} s", ToMs(kTextPatience) / 1000);
    }
    return ReadReport(output);
  }

  LiveLoad load;
  std::function<bool()> stopped;
  std::vector<int> server_cores, client_cores;
  CloudChild cloud;
};

LiveServer::LiveServer(const LiveLoad& load, const std::function<bool()>& stopped)
    : state_(std::make_unique<State>(load, stopped)) {}
LiveServer::~LiveServer() = default;

Status LiveServer::Start() {
  return state_->cloud.Start({.model = state_->load.target,
                              .threads = state_->load.threads,
                              .max_sessions = state_->load.max_clients,
                              .cores = state_->server_cores},
                             state_->stopped);
}

Result<LiveFigures> LiveServer::Run(int clients, Mode mode) {
  std::string folder = (fs::temp_directory_path() / "tandem-capacity-XXXXXX").string();
  if (mkdtemp(folder.data()) == nullptr)
    return Fail(ErrorCode::kResource, "cannot make the folder {}: {}", folder, std::strerror(errno));
  const auto output = [&](int client) { return fmt::format("{}/{}.json", folder, client); };
  const double server_ms = CpuMs(state_->cloud.pid());
  std::vector<std::unique_ptr<ChildProcess>> children;
  Status status;
  for (int i = 0; i < clients && status; ++i) {
    children.push_back(std::make_unique<ChildProcess>());
    status = children.back()->Start(state_->Words(i, mode), {output(i), state_->client_cores});
  }
  std::vector<ClientReport> reports;
  for (int i = 0; i < clients && status; ++i) {
    auto report = state_->Await(*children[static_cast<size_t>(i)], output(i));
    if (report) reports.push_back(*report);
    if (!report) status = Forward(report);
  }
  children.clear();
  std::error_code ignored;
  fs::remove_all(folder, ignored);
  if (!status) return Forward(status);
  return Sum(reports, CpuMs(state_->cloud.pid()) - server_ms);
}

}  // namespace tandem
