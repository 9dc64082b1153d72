// See weights_hash.h.
#include "model/weights_hash.h"

#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <system_error>

#include "base/user_cache.h"
#include "model/mapped_file.h"

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

Digest HashOf(std::string_view text) {
  return Sha256().Update(text).Finish();
}

std::optional<Digest> ParseHex(std::string_view text) {
  Digest digest{};
  if (text.size() != 2 * digest.size()) return std::nullopt;
  const auto nibble = [](char c) {
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
  };
  for (size_t i = 0; i < digest.size(); ++i) {
    const int high = nibble(text[2 * i]), low = nibble(text[2 * i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    digest[i] = static_cast<uint8_t>(high * 16 + low);
  }
  return digest;
}

// An entry is one line: the digest in hex. Its name is the hash of the file's state.
std::optional<Digest> ReadEntry(const fs::path& entry) {
  std::ifstream in(entry);
  std::string line;
  if (!std::getline(in, line)) return std::nullopt;
  return ParseHex(line);
}

void WriteEntry(const fs::path& entry, const Digest& digest) {
  const std::string line = Hex(digest) + "\n";
  (void)WriteWhole(entry, Bytes(line.begin(), line.end()));
}

Result<Digest> HashFile(const std::string& path) {
  auto file = MappedFile::Open(path);
  if (!file) return Forward(file);
  const ByteView bytes = (*file)->bytes();
  Sha256 hash;
  for (size_t at = 0; at < bytes.size(); at += kBlock) {
    const size_t n = std::min(kBlock, bytes.size() - at);
    hash.Update(bytes.subspan(at, n));
    (*file)->Release(at, n);  // hashing must not raise the process's peak
  }
  return hash.Finish();
}

}  // namespace

std::string HashCacheFolder() {
  return UserCacheFolder("hashes");
}

Result<Digest> WeightsHash(const std::string& path, const std::string& cache_folder) {
  const std::optional<std::string> state = StateOf(path);
  const bool cached = state && !cache_folder.empty();
  const fs::path entry = cached ? fs::path(cache_folder) / Hex(HashOf(*state)) : fs::path();
  if (cached) {
    if (const auto digest = ReadEntry(entry)) return *digest;
  }
  auto digest = HashFile(path);
  // A file that changed while it was read is not remembered.
  if (digest && cached && StateOf(path) == state) WriteEntry(entry, *digest);
  return digest;
}

}  // namespace tandem
