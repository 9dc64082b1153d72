// What was reckoned about a file, remembered beside the user's cache for as long as the file stays as it is:
// hashing gigabytes at every start would take seconds. A cache that cannot be read or written is passed over
// in silence, since it only saves time.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/hash.h"
#include "model/mapped_file.h"

namespace tandem {

// Folder of the notes: $XDG_CACHE_HOME/tandem/hashes, else ~/.cache/tandem/hashes; empty when neither is set.
std::string HashCacheFolder();

// A text about one state of a file: real path, size, modification time (ns) and inode, at construction.
class FileNote {
 public:
  // kind: what the text is about, one entry each. An empty `folder` means no cache.
  FileNote(std::string file, const std::string& folder, std::string_view kind);

  std::optional<std::string> Read(size_t most) const;  // nothing when it is longer than `most` bytes
  void Write(std::string_view text) const;  // nothing is remembered of a file that changed meanwhile

 private:
  std::string file_;
  std::optional<std::string> state_;
  std::string entry_;  // path; empty without a cache
};

// Feeds bytes [offset, offset + length) of the file to `hash`, and to `beside` if there is one, and gives
// their pages back: hashing must not raise the process's peak.
void HashBytes(const MappedFile& file, size_t offset, size_t length, Sha256& hash, Sha256* beside = nullptr);

}  // namespace tandem
