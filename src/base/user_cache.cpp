// See user_cache.h.
#include "base/user_cache.h"

#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <system_error>

namespace tandem {

namespace fs = std::filesystem;

std::string UserCacheFolder() {
  if (const char* cache = std::getenv("XDG_CACHE_HOME"); cache != nullptr && *cache != '\0')
    return std::string(cache) + "/tandem";
  if (const char* home = std::getenv("HOME"); home != nullptr && *home != '\0')
    return std::string(home) + "/.cache/tandem";
  return {};
}

std::string UserCacheFolder(const std::string& name) {
  const std::string cache = UserCacheFolder();
  return cache.empty() ? cache : cache + "/" + name;
}

Status WriteWhole(const std::string& path, ByteView bytes) {
  std::error_code error;
  fs::create_directories(fs::path(path).parent_path(), error);  // what fails here fails below, too
  std::string fresh = path + ".XXXXXX";
  const int file = ::mkstemp(fresh.data());
  if (file < 0) return Fail(ErrorCode::kFile, "cannot write {}: {}", path, std::strerror(errno));
  ::close(file);
  std::ofstream out(fresh, std::ios::binary);
  out.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  out.close();
  const int why = errno;
  if (out) fs::rename(fresh, path, error);
  if (out && !error) return {};
  std::error_code ignored;
  fs::remove(fresh, ignored);
  return Fail(ErrorCode::kFile, "cannot write {}: {}", path, error ? error.message() : std::strerror(why));
}

std::optional<Bytes> ReadWhole(const std::string& path, size_t most) {
  std::error_code error;
  const uintmax_t size = fs::file_size(path, error);
  if (error || size > most) return std::nullopt;
  Bytes bytes(size);
  std::ifstream in(path, std::ios::binary);
  in.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  if (!in || in.peek() != std::ifstream::traits_type::eof()) return std::nullopt;  // it changed meanwhile
  return bytes;
}

}  // namespace tandem
