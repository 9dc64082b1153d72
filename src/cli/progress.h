// How far a long measurement is: one line that is drawn over on a terminal, and nothing where there is none.
#pragma once

#include <cstddef>
#include <cstdio>
#include <string>

#include "base/clock.h"
#include "base/types.h"

namespace tandem {

// "[######--------------] 12 of 40, 1:05 gone, about 2:32 left". The rest is told from the pace so far, and
// from the first part on.
std::string ProgressLine(size_t done, size_t total, Micros elapsed);

class Progress {
 public:
  // stream: where it is drawn; silent unless that is a terminal.
  Progress(std::FILE* stream, size_t total);
  ~Progress();  // wipes the line
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void Step(const std::string& note = {});  // one more part is done; the note stands behind the line

 private:
  void Draw(const std::string& note = {});

  std::FILE* stream_;
  size_t total_, done_ = 0;
  bool live_;
  SteadyClock clock_;
  Micros started_;
};

}  // namespace tandem
