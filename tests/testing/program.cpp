#include "testing/program.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <thread>

namespace tandem::testing {

namespace {

struct Child {
  pid_t pid = -1;
  int out = -1, err = -1;
};

Child Spawn(const std::vector<std::string>& words) {
  std::vector<std::string> all = {TANDEM_PROGRAM};
  all.insert(all.end(), words.begin(), words.end());
  std::vector<char*> argv;
  for (std::string& word : all) argv.push_back(word.data());
  argv.push_back(nullptr);
  int out[2], err[2];
  if (pipe2(out, O_CLOEXEC) != 0 || pipe2(err, O_CLOEXEC) != 0) return {};
  pid_t pid = fork();
  if (pid == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(open("/dev/null", O_RDONLY), STDIN_FILENO);
    dup2(out[1], STDOUT_FILENO);
    dup2(err[1], STDERR_FILENO);
    if (chdir(TANDEM_SOURCE_DIR) == 0) execv(argv[0], argv.data());
    _exit(127);
  }
  close(out[1]);
  close(err[1]);
  return {pid, out[0], err[0]};
}

int ExitCodeOf(pid_t pid) {
  int status = 0;
  if (waitpid(pid, &status, 0) != pid) return -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

// Reads both to their ends, at the same time: a child may fill either.
Ran Drain(const Child& child) {
  Ran ran;
  std::array<pollfd, 2> fds = {pollfd{child.out, POLLIN, 0}, pollfd{child.err, POLLIN, 0}};
  std::array<std::string*, 2> texts = {&ran.out, &ran.err};
  for (int open = 2; open > 0;) {
    poll(fds.data(), fds.size(), -1);
    for (size_t i = 0; i < fds.size(); ++i) {
      if (fds[i].fd < 0 || fds[i].revents == 0) continue;
      char buffer[4096];
      ssize_t n = read(fds[i].fd, buffer, sizeof buffer);
      if (n > 0) texts[i]->append(buffer, static_cast<size_t>(n));
      if (n > 0) continue;
      close(fds[i].fd);
      fds[i].fd = -1;
      --open;
    }
  }
  ran.code = ExitCodeOf(child.pid);
  return ran;
}

}  // namespace

Ran RunTandem(const std::vector<std::string>& words, int interrupt_after_ms) {
  Child child = Spawn(words);
  if (interrupt_after_ms <= 0) return Drain(child);
  std::thread interrupter([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(interrupt_after_ms));
    kill(child.pid, SIGINT);
  });
  Ran ran = Drain(child);
  interrupter.join();
  return ran;
}

CloudProcess::CloudProcess(const std::vector<std::string>& more) {
  std::vector<std::string> words = {"cloud", "--listen", "127.0.0.1:0", "--threads", "1"};
  words.insert(words.end(), more.begin(), more.end());
  Child child = Spawn(words);
  pid_ = child.pid;
  out_ = child.out;
  err_ = child.err;
  ReadUntilListening();
}

void CloudProcess::ReadUntilListening() {
  const std::string mark = "listening on ";
  char c;
  while (read(err_, &c, 1) == 1) {
    seen_ += c;
    size_t at = seen_.find(mark);
    if (c != '\n' || at == std::string::npos) continue;
    url_ = seen_.substr(at + mark.size());
    url_.pop_back();
    return;
  }
}

Ran CloudProcess::Stop(int signal) {
  kill(pid_, signal);
  Ran ran = Drain({pid_, out_, err_});
  ran.err = seen_ + ran.err;
  pid_ = -1;
  return ran;
}

CloudProcess::~CloudProcess() {
  if (pid_ > 0) Stop(SIGKILL);
}

}  // namespace tandem::testing
