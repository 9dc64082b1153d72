// See progress.h.
#include "cli/progress.h"

#include <fmt/format.h>

#include <algorithm>

#include "cli/terminal.h"

namespace tandem {

namespace {

constexpr size_t kBarWidth = 20;
constexpr const char* kWipe = "\r\x1b[K";  // to the line's begin, then erase it

// 1:05, 1:00:09.
std::string Span(Micros time) {
  const auto seconds = std::max<int64_t>(0, time.count() / 1'000'000);
  if (seconds < 3600) return fmt::format("{}:{:02}", seconds / 60, seconds % 60);
  return fmt::format("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
}

}  // namespace

std::string ProgressLine(size_t done, size_t total, Micros elapsed) {
  done = std::min(done, total);
  const size_t filled = total == 0 ? kBarWidth : kBarWidth * done / total;
  std::string line = fmt::format("[{}{}] {} of {}, {} gone", std::string(filled, '#'),
                                 std::string(kBarWidth - filled, '-'), done, total, Span(elapsed));
  if (done == 0 || done == total) return line;
  const double left =
      static_cast<double>(elapsed.count()) * static_cast<double>(total - done) / static_cast<double>(done);
  return line + fmt::format(", about {} left", Span(Micros(static_cast<int64_t>(left))));
}

Progress::Progress(std::FILE* stream, size_t total)
    : stream_(stream), total_(total), live_(IsTerminal(stream)), started_(clock_.Now()) {
  Draw();
}

Progress::~Progress() {
  if (!live_) return;
  fmt::print(stream_, "{}", kWipe);
  std::fflush(stream_);
}

void Progress::Step(const std::string& note) {
  ++done_;
  Draw(note);
}

void Progress::Draw(const std::string& note) {
  if (!live_) return;
  fmt::print(stream_, "{}{}{}{}", kWipe, ProgressLine(done_, total_, clock_.Now() - started_),
             note.empty() ? "" : ", ", note);
  std::fflush(stream_);
}

}  // namespace tandem
