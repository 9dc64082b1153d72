// Bytes as a file without a name on any disk, for libraries that open files by path.
#pragma once

#include <string>

#include "base/bytes.h"
#include "base/result.h"

namespace tandem {

class MemoryFile {
 public:
  // kResource when the system has no room for it.
  static Result<MemoryFile> Of(ByteView bytes);
  MemoryFile(MemoryFile&& other) noexcept;
  MemoryFile& operator=(MemoryFile&&) = delete;
  ~MemoryFile();

  const std::string& path() const { return path_; }  // good in this process, while this lives

 private:
  explicit MemoryFile(int file);

  int file_;
  std::string path_;
};

}  // namespace tandem
