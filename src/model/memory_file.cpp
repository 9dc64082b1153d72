// See memory_file.h.
#include "model/memory_file.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace tandem {

MemoryFile::MemoryFile(int file) : file_(file), path_(fmt::format("/proc/self/fd/{}", file)) {}
MemoryFile::MemoryFile(MemoryFile&& other) noexcept
    : file_(std::exchange(other.file_, -1)), path_(std::move(other.path_)) {}
MemoryFile::~MemoryFile() {
  if (file_ >= 0) ::close(file_);
}

Result<MemoryFile> MemoryFile::Of(ByteView bytes) {
  const int raw = ::memfd_create("tandem", MFD_CLOEXEC);
  if (raw < 0) return Fail(ErrorCode::kResource, "no file in memory: {}", std::strerror(errno));
  MemoryFile file(raw);
  while (!bytes.empty()) {
    const ssize_t written = ::write(raw, bytes.data(), bytes.size());
    if (written <= 0) {
      return Fail(ErrorCode::kResource, "no file of {} more bytes in memory: {}", bytes.size(),
                  std::strerror(errno));
    }
    bytes = bytes.subspan(static_cast<size_t>(written));
  }
  return file;
}

}  // namespace tandem
