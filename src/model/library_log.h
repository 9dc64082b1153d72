// What ggml and libllama log: never printed; kept for the error message of the call that failed.
#pragma once

#include <string>

namespace tandem {

// While it lives, errors that the libraries log on this thread are collected. The libraries' log callback is
// process-wide: the first LogCapture replaces it for good by one that prints nothing and writes to the
// calling thread's capture.
class LogCapture {
 public:
  LogCapture();
  ~LogCapture();
  LogCapture(const LogCapture&) = delete;
  LogCapture& operator=(const LogCapture&) = delete;

  // Errors so far, one sentence without newlines; `otherwise` when there were none.
  std::string Errors(const std::string& otherwise) const;

 private:
  std::string text_;
  std::string* outer_;  // captures nest
};

}  // namespace tandem
