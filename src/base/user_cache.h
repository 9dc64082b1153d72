// Files that the program makes for itself: where they lie, and how one is written so that nobody reads half.
#pragma once

#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/result.h"

namespace tandem {

// $XDG_CACHE_HOME/tandem, else ~/.cache/tandem; empty when neither variable is set. It may not exist yet.
std::string UserCacheFolder();

// UserCacheFolder()/name; empty when there is none.
std::string UserCacheFolder(const std::string& name);

// Makes the folders on the way and replaces `path` by a file of these bytes, whole or not at all. kFile, with
// the path and the cause.
Status WriteWhole(const std::string& path, ByteView bytes);

// The file's bytes, if it is there, readable, and not longer than `most`.
std::optional<Bytes> ReadWhole(const std::string& path, size_t most);

}  // namespace tandem
