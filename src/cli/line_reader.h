// Lines from a terminal or a pipe, in a wait that another thread can end.
#pragma once

#include <atomic>
#include <string>

namespace tandem {

class LineReader {
 public:
  enum class Kind {
    kLine,   // `line` holds one, without its end
    kEnd,    // nothing more will come
    kWoken,  // Wake was called
  };
  struct Event {
    Kind kind = Kind::kEnd;
    std::string line{};
  };

  explicit LineReader(int fd);  // which stays the caller's
  ~LineReader();
  LineReader(const LineReader&) = delete;
  LineReader& operator=(const LineReader&) = delete;

  // Blocks for the next event. A line longer than 1 MiB comes in parts. A last line without an end counts.
  Event Next();
  void Wake();  // from any thread

 private:
  bool TakeLine(std::string& line);

  int fd_;
  int wake_;  // an eventfd; -1 when there is none to be had: then nothing wakes
  std::string rest_;
  bool ended_ = false;
};

}  // namespace tandem
