// See child_process.h.
#include "cli/child_process.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <string_view>

#include "cli/settings.h"

namespace tandem {

namespace {

constexpr size_t kKeptLines = 64;

// This process's environment without what sets options, for execve.
std::vector<char*> PlainEnvironment(std::string& no_config) {
  std::vector<char*> variables;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    if (!SetsAnOption(text.substr(0, text.find('=')))) variables.push_back(*entry);
  }
  variables.push_back(no_config.data());
  variables.push_back(nullptr);
  return variables;
}

// What a child becomes; made before the fork.
struct Becoming {
  char* const* argv;
  char* const* variables;
  const char* output;
  int stderr_fd;
  bool pinned;
  cpu_set_t cores;
};

cpu_set_t SetOf(const std::vector<int>& cores) {
  cpu_set_t set;
  CPU_ZERO(&set);
  for (const int core : cores) CPU_SET(static_cast<size_t>(core), &set);
  return set;
}

// Between fork and exec only async-signal-safe calls are allowed: other threads may hold locks.
[[noreturn]] void BecomeProgram(const Becoming& child, pid_t parent) {
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(127);  // it died before prctl
  if (child.pinned) sched_setaffinity(0, sizeof(child.cores), &child.cores);
  dup2(open("/dev/null", O_RDWR | O_CLOEXEC), STDIN_FILENO);
  dup2(open(child.output, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600), STDOUT_FILENO);
  dup2(child.stderr_fd, STDERR_FILENO);
  execve("/proc/self/exe", child.argv, child.variables);
  _exit(127);
}

}  // namespace

ChildProcess::~ChildProcess() {
  Stop();
}

Status ChildProcess::Start(const std::vector<std::string>& arguments, const ChildSetup& setup) {
  std::vector<std::string> words = {"tandem"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);

  std::string no_config = VariableOf("config") + "=";
  const std::vector<char*> variables = PlainEnvironment(no_config);

  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0)
    return Fail(ErrorCode::kResource, "cannot make a pipe: {}", std::strerror(errno));
  const Becoming child{.argv = argv.data(),
                       .variables = variables.data(),
                       .output = setup.output.empty() ? "/dev/null" : setup.output.c_str(),
                       .stderr_fd = ends[1],
                       .pinned = !setup.cores.empty(),
                       .cores = SetOf(setup.cores)};
  pid_t parent = getpid();
  pid_ = fork();
  if (pid_ == 0) BecomeProgram(child, parent);
  int why = errno;
  close(ends[1]);
  if (pid_ < 0) {
    close(ends[0]);
    return Fail(ErrorCode::kResource, "cannot start another process: {}", std::strerror(why));
  }
  reader_ = std::thread([this, fd = ends[0]] { ReadLines(fd); });
  return {};
}

void ChildProcess::ReadLines(int fd) {
  std::string rest;
  char buffer[4096];
  for (ssize_t n = 0; (n = read(fd, buffer, sizeof buffer)) > 0 || (n < 0 && errno == EINTR);) {
    rest.append(buffer, static_cast<size_t>(n > 0 ? n : 0));
    for (size_t end; (end = rest.find('\n')) != std::string::npos; rest.erase(0, end + 1)) {
      std::lock_guard lock(mutex_);
      if (lines_.size() == kKeptLines) lines_.erase(lines_.begin());
      lines_.push_back(rest.substr(0, end));
    }
    if (rest.size() > sizeof buffer) rest.clear();  // no line is that long
  }
  close(fd);
  std::lock_guard lock(mutex_);
  stderr_ended_ = true;
}

Result<std::string> ChildProcess::WaitForLine(const std::string& mark, Micros patience,
                                              const std::function<bool()>& given_up) {
  auto deadline = std::chrono::steady_clock::now() + patience;
  for (;;) {
    bool ended = false;
    std::string last;
    {
      std::lock_guard lock(mutex_);
      for (const std::string& line : lines_) {
        if (line.find(mark) != std::string::npos) return line;
      }
      ended = stderr_ended_;
      if (!lines_.empty()) last = lines_.back();
    }
    if (ended) return Fail(ErrorCode::kInternal, "the child process ended at once, saying: {}", last);
    if (given_up()) return Fail(ErrorCode::kInternal, "interrupted while waiting for the child process");
    if (std::chrono::steady_clock::now() > deadline) {
      return Fail(ErrorCode::kInternal, "the child process is not ready after {} s, last line: {}",
                  ToMs(patience) / 1000, last);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

bool ChildProcess::EndedWithin(Micros patience) {
  auto deadline = std::chrono::steady_clock::now() + patience;
  for (;;) {
    pid_t reaped = waitpid(pid_, nullptr, WNOHANG);
    if (reaped == pid_ || (reaped < 0 && errno == ECHILD)) return true;
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

void ChildProcess::Kill() {
  if (pid_ > 0) kill(pid_, SIGKILL);
}

bool ChildProcess::Ended(Micros patience) {
  if (pid_ > 0 && !EndedWithin(patience)) return false;
  pid_ = -1;
  return true;
}

void ChildProcess::Stop() {
  if (pid_ > 0) {
    kill(pid_, SIGTERM);
    if (!EndedWithin(std::chrono::seconds(2))) {
      kill(pid_, SIGKILL);
      EndedWithin(std::chrono::seconds(10));
    }
    pid_ = -1;
  }
  if (reader_.joinable()) reader_.join();
}

}  // namespace tandem
