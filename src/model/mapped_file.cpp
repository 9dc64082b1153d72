// See mapped_file.h.
#include "model/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace tandem {

namespace {

struct Descriptor {
  int fd;
  ~Descriptor() {
    if (fd >= 0) close(fd);
  }
};

}  // namespace

Result<std::shared_ptr<const MappedFile>> MappedFile::Open(const std::string& path) {
  // Without O_NONBLOCK opening a FIFO would wait for a writer.
  const Descriptor file{open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  if (file.fd < 0) return Fail(ErrorCode::kFile, "{}: cannot open: {}", path, std::strerror(errno));
  struct stat info {};
  if (fstat(file.fd, &info) != 0)
    return Fail(ErrorCode::kFile, "{}: cannot examine: {}", path, std::strerror(errno));
  if (S_ISDIR(info.st_mode)) return Fail(ErrorCode::kFile, "{}: is a directory, expected a GGUF file", path);
  if (!S_ISREG(info.st_mode)) return Fail(ErrorCode::kFile, "{}: is not a regular file", path);
  if (info.st_size == 0) return Fail(ErrorCode::kFile, "{}: is empty (0 bytes)", path);
  const auto size = static_cast<size_t>(info.st_size);
  void* base = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.fd, 0);
  if (base == MAP_FAILED)
    return Fail(ErrorCode::kFile, "{}: cannot map {} bytes: {}", path, size, std::strerror(errno));
  return std::shared_ptr<const MappedFile>(new MappedFile(path, base, size));
}

MappedFile::~MappedFile() {
  munmap(base_, size_);
}

void MappedFile::Release(size_t offset, size_t length) const {
  const auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  const size_t begin = (offset + page - 1) / page * page;
  const size_t end = (offset + length) / page * page;
  if (begin < end) madvise(static_cast<uint8_t*>(base_) + begin, end - begin, MADV_DONTNEED);
}

void MappedFile::WillNeed(size_t offset, size_t length) const {
  const auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  const size_t begin = offset / page * page;
  madvise(static_cast<uint8_t*>(base_) + begin, offset + length - begin, MADV_WILLNEED);
}

}  // namespace tandem
