// A file that a long measurement will write at its end, opened before it begins: a path that cannot be
// written costs no measurement.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace tandem {

class ReportFile {
 public:
  // What the file holds stays until Write. kFile, with path and reason.
  static Result<ReportFile> Open(const std::string& path);
  ~ReportFile();  // a file that Open made and nothing was written to is removed
  ReportFile(ReportFile&& other) noexcept;
  ReportFile& operator=(ReportFile&&) = delete;
  ReportFile(const ReportFile&) = delete;

  // The file's whole content; once. kFile, as when the disk is full.
  Status Write(std::string_view text);

 private:
  ReportFile(std::string path, int fd, bool made) : path_(std::move(path)), fd_(fd), unused_(made) {}
  Status Failed() const;  // by errno

  std::string path_;
  int fd_ = -1;
  bool unused_ = false;  // made here, and not written yet
};

}  // namespace tandem
