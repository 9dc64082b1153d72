// SHA-256 of a model file, so that two processes can tell whether they hold the same weights. Computed once
// and kept beside the user's cache, because hashing gigabytes at every start would take seconds.
#pragma once

#include <string>

#include "base/hash.h"
#include "base/result.h"

namespace tandem {

// Folder of cached hashes: $XDG_CACHE_HOME/tandem/hashes, else ~/.cache/tandem/hashes; empty when neither is
// set.
std::string HashCacheFolder();

// Digest of the file's bytes. A cached value is used when real path, size, modification time (ns) and inode
// are unchanged; `cache_folder` empty means no cache, and a cache that cannot be read or written is passed
// over in silence, since it only saves time. kFile when the file cannot be read.
Result<Digest> WeightsHash(const std::string& path, const std::string& cache_folder = HashCacheFolder());

}  // namespace tandem
