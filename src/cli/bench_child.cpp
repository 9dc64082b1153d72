// Load time and memory in a child process, see bench_child.h.
#include "cli/bench_child.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <fstream>

#include "base/clock.h"

extern char** environ;

namespace tandem {
namespace {

constexpr std::string_view kHiddenVerb = "bench-child";
constexpr int kPromptTokens = 64, kSteps = 8;
constexpr Token kSomeToken = 1;  // every vocabulary has it

std::vector<std::string> ChildWords(BenchSide side, const BenchSettings& settings) {
  return {std::string(kHiddenVerb),
          side == BenchSide::kTandem ? "tandem" : "llama",
          settings.model,
          std::to_string(settings.threads),
          std::to_string(settings.context),
          settings.exact ? "exact" : "fast"};
}

// A pipe whose ends close by themselves.
struct Pipe {
  ~Pipe() {
    Close(read_end);
    Close(write_end);
  }
  static void Close(int& fd) {
    if (fd >= 0) ::close(fd);
    fd = -1;
  }
  int read_end = -1, write_end = -1;
};

Status OpenPipe(Pipe& pipe) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0)
    return Fail(ErrorCode::kResource, "cannot make a pipe: {}", std::strerror(errno));
  pipe.read_end = ends[0];
  pipe.write_end = ends[1];
  return {};
}

// This program with `words`; its stdout goes to `out`.
Result<pid_t> Spawn(const std::vector<std::string>& words, int out) {
  std::vector<std::string> texts = words;
  texts.insert(texts.begin(), "tandem");
  std::vector<char*> argv;
  for (std::string& text : texts) argv.push_back(text.data());
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
  pid_t pid = -1;
  const int rc = ::posix_spawn(&pid, "/proc/self/exe", &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (rc != 0) return Fail(ErrorCode::kResource, "cannot start a child process: {}", std::strerror(rc));
  return pid;
}

std::string ReadAll(int fd) {
  std::string text;
  char buffer[256];
  for (ssize_t n = 0; (n = ::read(fd, buffer, sizeof(buffer))) > 0;)
    text.append(buffer, static_cast<size_t>(n));
  return text;
}

Result<LoadCost> ParseCost(const std::string& text, int status) {
  LoadCost cost;
  if (status == 0 && std::sscanf(text.c_str(), "%lf %lf", &cost.load_ms, &cost.peak_rss_mb) == 2) return cost;
  return Fail(ErrorCode::kInternal, "the measuring child ended with status {} and said '{}'", status, text);
}

// High-water mark of the resident set, from /proc.
double PeakRssMb() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmHWM:")) return std::strtod(line.c_str() + 6, nullptr) * 1024 / 1e6;  // KiB
  }
  return 0;
}

Result<LoadCost> MeasureHere(BenchSide side, const BenchSettings& settings) {
  const SteadyClock clock;
  const Micros start = clock.Now();
  auto decoder = OpenBenchDecoder(side, settings);
  if (!decoder) return Forward(decoder);
  if (Status s = (*decoder)->Next(kSomeToken); !s) return Forward(s);
  LoadCost cost;
  cost.load_ms = ToMs(clock.Now() - start);
  if (Status s = (*decoder)->Restart(); !s) return Forward(s);
  const std::vector<Token> prompt(kPromptTokens, kSomeToken);
  if (Status s = (*decoder)->Prompt(prompt); !s) return Forward(s);
  for (int i = 0; i < kSteps; ++i) {
    if (Status s = (*decoder)->Next(kSomeToken); !s) return Forward(s);
  }
  cost.peak_rss_mb = PeakRssMb();
  return cost;
}

bool ParseInt(const std::string& text, int& value) {
  return std::from_chars(text.data(), text.data() + text.size(), value).ec == std::errc{};
}

}  // namespace

Result<LoadCost> MeasureLoad(BenchSide side, const BenchSettings& settings) {
  Pipe pipe;
  if (Status s = OpenPipe(pipe); !s) return Forward(s);
  const Result<pid_t> pid = Spawn(ChildWords(side, settings), pipe.write_end);
  if (!pid) return Forward(pid);
  Pipe::Close(pipe.write_end);
  const std::string text = ReadAll(pipe.read_end);
  int status = 0;
  while (::waitpid(*pid, &status, 0) < 0 && errno == EINTR) {
  }
  return ParseCost(text, status);
}

std::optional<int> RunBenchChild(const std::vector<std::string>& words) {
  if (words.size() != 6 || words[0] != kHiddenVerb) return std::nullopt;
  BenchSettings settings{words[2], 0, 0, words[5] == "exact"};
  if (!ParseInt(words[3], settings.threads) || !ParseInt(words[4], settings.context))
    return ExitCode(ErrorCode::kUsage);
  const Result<LoadCost> cost =
      MeasureHere(words[1] == "tandem" ? BenchSide::kTandem : BenchSide::kLlama, settings);
  if (!cost) {
    fmt::print(stderr, "{}\n", cost.error().message);
    return ExitCode(cost.error().code);
  }
  fmt::print("{:.3f} {:.3f}\n", cost->load_ms, cost->peak_rss_mb);
  return 0;
}

}  // namespace tandem
