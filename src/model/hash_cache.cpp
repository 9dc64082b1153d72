// See hash_cache.h.
#include "model/hash_cache.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "base/user_cache.h"

namespace tandem {

namespace {

namespace fs = std::filesystem;

constexpr size_t kBlock = 1 << 20;  // bytes hashed before their pages are given back

// What tells one state of a file from another without reading it.
std::optional<std::string> StateOf(const std::string& path) {
  struct stat info {};
  std::error_code error;
  const fs::path real = fs::canonical(path, error);
  if (error || stat(path.c_str(), &info) != 0) return std::nullopt;
  return fmt::format("{}\n{} {} {}.{:09}", real.string(), info.st_size, info.st_ino, info.st_mtim.tv_sec,
                     info.st_mtim.tv_nsec);
}

}  // namespace

std::string HashCacheFolder() {
  return UserCacheFolder("hashes");
}

FileNote::FileNote(std::string file, const std::string& folder, std::string_view kind)
    : file_(std::move(file)), state_(StateOf(file_)) {
  if (!state_ || folder.empty()) return;
  entry_ = fs::path(folder) / Hex(Sha256().Update(*state_).Update(kind).Finish());
}

std::optional<std::string> FileNote::Read(size_t most) const {
  if (entry_.empty()) return std::nullopt;
  const std::optional<Bytes> bytes = ReadWhole(entry_, most);
  if (!bytes) return std::nullopt;
  return std::string(bytes->begin(), bytes->end());
}

void FileNote::Write(std::string_view text) const {
  if (entry_.empty() || StateOf(file_) != state_) return;
  (void)WriteWhole(entry_, Bytes(text.begin(), text.end()));
}

void HashBytes(const MappedFile& file, size_t offset, size_t length, Sha256& hash, Sha256* beside) {
  for (size_t done = 0; done < length; done += kBlock) {
    const size_t n = std::min(kBlock, length - done);
    hash.Update(file.bytes().subspan(offset + done, n));
    if (beside != nullptr) beside->Update(file.bytes().subspan(offset + done, n));
    file.Release(offset + done, n);
  }
}

}  // namespace tandem
