// See report_file.h.
#include "cli/report_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace tandem {

Result<ReportFile> ReportFile::Open(const std::string& path) {
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
  if (fd < 0) return Fail(ErrorCode::kFile, "cannot write {}: {}", path, std::strerror(errno));
  return ReportFile(path, fd);
}

ReportFile::~ReportFile() {
  if (fd_ >= 0) close(fd_);
}

ReportFile::ReportFile(ReportFile&& other) noexcept
    : path_(std::move(other.path_)), fd_(std::exchange(other.fd_, -1)) {}

Status ReportFile::Write(std::string_view text) {
  // A pipe or a device has no length to cut.
  if (ftruncate(fd_, 0) != 0 && errno != EINVAL) return Failed();
  while (!text.empty()) {
    const ssize_t wrote = write(fd_, text.data(), text.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) return Failed();
    text.remove_prefix(static_cast<size_t>(wrote));
  }
  return {};
}

Status ReportFile::Failed() const {
  return Fail(ErrorCode::kFile, "cannot write {}: {}", path_, std::strerror(errno));
}

}  // namespace tandem
