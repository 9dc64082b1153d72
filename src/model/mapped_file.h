// A read-only file mapping.
#pragma once

#include <memory>
#include <string>

#include "base/bytes.h"
#include "base/result.h"

namespace tandem {

// Immutable and shareable between threads. As with every mapping, a file that shrinks while mapped kills the
// process that reads the lost part.
class MappedFile {
 public:
  // kFile when the path is missing, not a regular file, empty or unreadable; the message starts with the
  // path.
  static Result<std::shared_ptr<const MappedFile>> Open(const std::string& path);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  const std::string& path() const { return path_; }
  ByteView bytes() const { return {static_cast<const uint8_t*>(base_), size_}; }

  // Gives the pages that lie wholly inside [offset, offset + length) back to the system; they are read again
  // from the file when touched.
  void Release(size_t offset, size_t length) const;
  // Asks the system to read [offset, offset + length) ahead.
  void WillNeed(size_t offset, size_t length) const;

 private:
  MappedFile(std::string path, void* base, size_t size) : path_(std::move(path)), base_(base), size_(size) {}

  std::string path_;
  void* base_;
  size_t size_;
};

}  // namespace tandem
