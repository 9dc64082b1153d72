// See line_reader.h.
#include "cli/line_reader.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

namespace tandem {

namespace {

constexpr size_t kMaxLine = 1u << 20;

}  // namespace

LineReader::LineReader(int fd) : fd_(fd), wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

LineReader::~LineReader() {
  if (wake_ >= 0) close(wake_);
}

void LineReader::Wake() {
  const uint64_t one = 1;
  if (wake_ >= 0 && write(wake_, &one, sizeof one) < 0) return;  // it is full of wakes already
}

bool LineReader::TakeLine(std::string& line) {
  size_t end = rest_.find('\n');
  const bool whole = end != std::string::npos;
  if (!whole && rest_.size() < kMaxLine && !(ended_ && !rest_.empty())) return false;
  if (!whole) end = rest_.size();
  line = rest_.substr(0, end);
  rest_.erase(0, end + (whole ? 1 : 0));
  if (line.ends_with('\r')) line.pop_back();
  return true;
}

LineReader::Event LineReader::Next() {
  for (;;) {
    if (std::string line; TakeLine(line)) return {Kind::kLine, std::move(line)};
    if (ended_) return {Kind::kEnd};
    pollfd fds[2] = {{fd_, POLLIN, 0}, {wake_, POLLIN, 0}};
    if (poll(fds, 2, -1) < 0 && errno != EINTR) return {Kind::kEnd};
    if (uint64_t wakes = 0; fds[1].revents != 0 && read(wake_, &wakes, sizeof wakes) > 0)
      return {Kind::kWoken};
    if (fds[0].revents == 0) continue;
    char buffer[4096];
    const ssize_t got = read(fd_, buffer, sizeof buffer);
    if (got > 0) rest_.append(buffer, static_cast<size_t>(got));
    if (got == 0 || (got < 0 && errno != EINTR && errno != EAGAIN)) ended_ = true;
  }
}

}  // namespace tandem
