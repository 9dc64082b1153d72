// A file mapped read-only into memory. Pages come in when touched and can be given back.
#pragma once

#include <string>

#include "base/bytes.h"
#include "base/result.h"

namespace tandem {

class MappedFile {
 public:
  // kFile with the path and the system's reason: missing, a folder, unreadable, empty.
  static Result<MappedFile> Open(const std::string& path);

  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  ~MappedFile();

  ByteView bytes() const { return {static_cast<const uint8_t*>(data_), size_}; }
  // Drops the pages that lie whole within the range; they are read again when touched. Only a hint.
  void GiveBack(size_t offset, size_t length) const;

 private:
  MappedFile(void* data, size_t size) : data_(data), size_(size) {}

  void* data_ = nullptr;
  size_t size_ = 0;
};

}  // namespace tandem
