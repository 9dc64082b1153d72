// See report_file.h.
#include "cli/report_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace tandem {

Result<ReportFile> ReportFile::Open(const std::string& path) {
  constexpr int kFlags = O_WRONLY | O_CREAT | O_CLOEXEC;
  int fd = open(path.c_str(), kFlags | O_EXCL, 0666);
  const bool made = fd >= 0;
  if (!made) fd = open(path.c_str(), kFlags, 0666);
  if (fd < 0) return Fail(ErrorCode::kFile, "cannot write {}: {}", path, std::strerror(errno));
  return ReportFile(path, fd, made);
}

ReportFile::~ReportFile() {
  if (fd_ < 0) return;
  if (unused_) unlink(path_.c_str());
  close(fd_);
}

ReportFile::ReportFile(ReportFile&& other) noexcept
    : path_(std::move(other.path_)), fd_(std::exchange(other.fd_, -1)), unused_(other.unused_) {}

Status ReportFile::Write(std::string_view text) {
  unused_ = false;
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
