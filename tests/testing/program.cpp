// See program.h.
#include "testing/program.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <string_view>
#include <utility>

namespace tandem::testing {

namespace {

int ExitCodeOf(pid_t pid) {
  int status = 0;
  if (waitpid(pid, &status, 0) != pid) return -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

// Pointers to them, for exec.
std::vector<char*> Pointers(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

std::vector<std::string> Environment(const Around& around) {
  std::vector<std::string> variables = around.variables;
  variables.push_back("XDG_CONFIG_HOME=/nonexistent");
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const bool ours = text.starts_with("TANDEM_") && !text.starts_with("TANDEM_MODELS=");
    if (!ours && !text.starts_with("XDG_CONFIG_HOME=")) variables.emplace_back(text);
  }
  return variables;
}

// Its three standard streams, and the folder it is started in.
struct Place {
  int in, out, err;
  const char* folder;
};

[[noreturn]] void BecomeTandem(char* const* argv, char* const* variables, const Place& place) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  dup2(place.in >= 0 ? place.in : open("/dev/null", O_RDONLY), STDIN_FILENO);
  dup2(place.out, STDOUT_FILENO);
  dup2(place.err, STDERR_FILENO);
  if (chdir(place.folder) == 0) execve(argv[0], argv, variables);
  _exit(127);
}

}  // namespace

RunningTandem::RunningTandem(const std::vector<std::string>& words, const Around& around) {
  std::vector<std::string> all = {TANDEM_PROGRAM}, environment = Environment(around);
  all.insert(all.end(), words.begin(), words.end());
  const std::vector<char*> argv = Pointers(all), variables = Pointers(environment);
  int in[2] = {-1, -1}, out[2], err[2];
  // Sockets, so that typing into a program that has ended raises no signal.
  if (around.typing && socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, in) != 0) return;
  if (pipe2(out, O_CLOEXEC) != 0 || pipe2(err, O_CLOEXEC) != 0) return;
  pid_ = fork();
  if (pid_ == 0) BecomeTandem(argv.data(), variables.data(), {in[0], out[1], err[1], around.folder.c_str()});
  if (around.typing) close(in[0]);
  in_ = in[1];
  close(out[1]);
  close(err[1]);
  out_ = out[0];
  err_ = err[0];
}

RunningTandem::~RunningTandem() {
  if (pid_ > 0) Finish(SIGKILL);
  EndTyping();
}

bool RunningTandem::WaitForText() {
  char byte;
  if (read(out_, &byte, 1) != 1) return false;
  ran_.out += byte;
  return true;
}

std::string RunningTandem::WaitForError(const std::string& mark) {
  size_t line = ran_.err.size();
  for (char byte; read(err_, &byte, 1) == 1;) {
    ran_.err += byte;
    if (byte != '\n') continue;
    size_t at = ran_.err.find(mark, line);
    if (at != std::string::npos) {
      at += mark.size();
      return ran_.err.substr(at, ran_.err.size() - 1 - at);
    }
    line = ran_.err.size();
  }
  return "";
}

void RunningTandem::Type(const std::string& text) {
  (void)send(in_, text.data(), text.size(), MSG_NOSIGNAL);  // if it has ended, Finish tells
}

void RunningTandem::EndTyping() {
  if (in_ >= 0) close(std::exchange(in_, -1));
}

void RunningTandem::Signal(int signal) {
  kill(pid_, signal);
}

// Reads both streams to their ends at the same time, since a child may fill either.
Ran RunningTandem::Finish(int signal) {
  if (signal != 0) Signal(signal);
  std::array<pollfd, 2> fds = {pollfd{out_, POLLIN, 0}, pollfd{err_, POLLIN, 0}};
  std::array<std::string*, 2> texts = {&ran_.out, &ran_.err};
  for (int left = 2; left > 0;) {
    poll(fds.data(), fds.size(), -1);
    for (size_t i = 0; i < fds.size(); ++i) {
      if (fds[i].fd < 0 || fds[i].revents == 0) continue;
      char buffer[4096];
      ssize_t n = read(fds[i].fd, buffer, sizeof buffer);
      if (n > 0) texts[i]->append(buffer, static_cast<size_t>(n));
      if (n > 0) continue;
      close(fds[i].fd);
      fds[i].fd = -1;
      --left;
    }
  }
  ran_.code = ExitCodeOf(pid_);
  pid_ = -1;
  return ran_;
}

Ran RunTandem(const std::vector<std::string>& words, const std::vector<std::string>& variables) {
  return RunningTandem(words, {.variables = variables}).Finish();
}

Ran RunTandemIn(const std::string& folder, const std::vector<std::string>& words) {
  return RunningTandem(words, {.folder = folder}).Finish();
}

std::vector<std::string> StoryRun(const std::vector<std::string>& more) {
  std::vector<std::string> words = {"run", "-p", kStory, "-n", "48", "--threads", "1"};
  words.insert(words.end(), {"--model", "demo-draft-q8_0.gguf", "--seed", "1"});
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

namespace {

std::vector<std::string> CloudWords(const std::vector<std::string>& more) {
  std::vector<std::string> words = {"cloud", "--listen", "127.0.0.1:0", "--threads", "1"};
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

}  // namespace

CloudProcess::CloudProcess(const std::vector<std::string>& more)
    : process_(CloudWords(more)), url_(process_.WaitForError("listening on ")) {}

}  // namespace tandem::testing
